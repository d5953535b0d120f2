"""The component behind `InputStream` and `OutputStream`: it turns files into native `wasi:io/streams` streams.

The C API cannot make a stream. Wasmtime makes one for every open file, so this component, instantiated in the guest's
store, opens files of a folder that only it can see: the folder is preopened in the store, and `stream_files` hides it
from guests.

Such a stream has no parent resource: it outlives its descriptor and the file's name, and a guest may drop it at any
time.
"""

from __future__ import annotations

from .internal_component import MEMORY

__all__ = ["ADOPT", "COMPONENT", "DIRECTORIES", "EXPORTS", "INPUT", "OUTPUT", "READ", "WRITE"]

DIRECTORIES = "directories"
"""`func() -> list<tuple<own<descriptor>, string>>`: the preopened folders."""

ADOPT = "adopt"
"""`func(folder: own<descriptor>)`: open files of this folder from now on."""

READ = "read"
"""`func(name: string) -> s32`: open a file for reading; the stream's number, negative when that failed."""

WRITE = "write"
"""`func(name: string) -> s32`: likewise for writing, from the file's beginning."""

INPUT = "input"
"""`func(stream: u32) -> own<input-stream>`: transfer a stream by its number."""

OUTPUT = "output"
"""`func(stream: u32) -> own<output-stream>`: likewise."""

EXPORTS = (DIRECTORIES, ADOPT, READ, WRITE, INPUT, OUTPUT)
"""All of them."""

COMPONENT = (
    """\
(component
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type (sub resource)))
    (export "output-stream" (type (sub resource)))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))

  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (alias outer 1 $input-stream (type $outer-input))
    (alias outer 1 $output-stream (type $outer-output))
    (export "input-stream" (type $input-stream (eq $outer-input)))
    (export "output-stream" (type $output-stream (eq $outer-output)))
    (type $an-error-code (enum
      "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist" "file-too-large"
      "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links"
      "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory" "insufficient-space"
      "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted"
      "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $an-error-code)))
    (type $some-descriptor-flags (flags
      "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $some-descriptor-flags)))
    (type $some-path-flags (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $some-path-flags)))
    (type $some-open-flags (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $some-open-flags)))
    (export "[method]descriptor.read-via-stream"
      (func (param "self" (borrow $descriptor)) (param "offset" u64)
        (result (result (own $input-stream) (error $error-code)))))
    (export "[method]descriptor.write-via-stream"
      (func (param "self" (borrow $descriptor)) (param "offset" u64)
        (result (result (own $output-stream) (error $error-code)))))
    (export "[method]descriptor.open-at"
      (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
        (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
        (result (result (own $descriptor) (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))

  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $outer-descriptor))
    (export "descriptor" (type $descriptor (eq $outer-descriptor)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
"""
    + MEMORY
    + """
  (alias export $types "[method]descriptor.read-via-stream" (func $read-via-stream))
  (alias export $types "[method]descriptor.write-via-stream" (func $write-via-stream))
  (alias export $types "[method]descriptor.open-at" (func $open-at))
  (alias export $preopens "get-directories" (func $get-directories))
  (core func $read-via-stream (canon lower (func $read-via-stream) (memory $mem)))
  (core func $write-via-stream (canon lower (func $write-via-stream) (memory $mem)))
  (core func $open-at (canon lower (func $open-at) (memory $mem)))
  (core func $drop-descriptor (canon resource.drop $descriptor))
  (core func $get-directories (canon lower (func $get-directories) (memory $mem) (realloc $realloc)))

  (core module $main-module
    (import "" "forget" (func $forget))
    (import "" "memory" (memory 1))
    (import "" "read-via-stream" (func $read-via-stream (param i32 i64 i32)))
    (import "" "write-via-stream" (func $write-via-stream (param i32 i64 i32)))
    (import "" "open-at" (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
    (import "" "drop-descriptor" (func $drop-descriptor (param i32)))
    (import "" "get-directories" (func $get-directories (param i32)))

    ;; Where functions put results that do not fit into one core value.
    (global $out i32 (i32.const 0))
    (global $folder (mut i32) (i32.const 0))

    (func (export "directories") (result i32)
      (call $forget)
      (call $get-directories (global.get $out))
      (global.get $out))

    (func (export "adopt") (param $folder i32)
      (global.set $folder (local.get $folder)))

    ;; Open a file of the folder; its descriptor, or -1. All results here are: the discriminant at 0, the payload at 4.
    (func $open (param $name i32) (param $name-len i32) (param $flags i32) (result i32)
      (call $open-at
        (global.get $folder) (i32.const 0) (local.get $name) (local.get $name-len) (i32.const 0) (local.get $flags)
        (global.get $out))
      (call $forget)
      (if (i32.load8_u (global.get $out)) (then (return (i32.const -1))))
      (i32.load offset=4 (global.get $out)))

    (func (export "read") (param $name i32) (param $name-len i32) (result i32)
      (local $file i32)
      (local.set $file (call $open (local.get $name) (local.get $name-len) (i32.const 1)))
      (if (i32.lt_s (local.get $file) (i32.const 0)) (then (return (i32.const -1))))
      (call $read-via-stream (local.get $file) (i64.const 0) (global.get $out))
      (call $drop-descriptor (local.get $file))
      (if (i32.load8_u (global.get $out)) (then (return (i32.const -1))))
      (i32.load offset=4 (global.get $out)))

    (func (export "write") (param $name i32) (param $name-len i32) (result i32)
      (local $file i32)
      (local.set $file (call $open (local.get $name) (local.get $name-len) (i32.const 2)))
      (if (i32.lt_s (local.get $file) (i32.const 0)) (then (return (i32.const -1))))
      (call $write-via-stream (local.get $file) (i64.const 0) (global.get $out))
      (call $drop-descriptor (local.get $file))
      (if (i32.load8_u (global.get $out)) (then (return (i32.const -1))))
      (i32.load offset=4 (global.get $out)))

    (func (export "give") (param $stream i32) (result i32)
      (local.get $stream)))

  (core instance $main (instantiate $main-module (with "" (instance
    (export "forget" (func $memory "forget"))
    (export "memory" (memory $mem))
    (export "read-via-stream" (func $read-via-stream))
    (export "write-via-stream" (func $write-via-stream))
    (export "open-at" (func $open-at))
    (export "drop-descriptor" (func $drop-descriptor))
    (export "get-directories" (func $get-directories))))))

  (func (export "directories") (result (list (tuple (own $descriptor) string)))
    (canon lift (core func $main "directories") (memory $mem)))
  (func (export "adopt") (param "folder" (own $descriptor))
    (canon lift (core func $main "adopt")))
  (func (export "read") (param "name" string) (result s32)
    (canon lift (core func $main "read") (memory $mem) (realloc $realloc)))
  (func (export "write") (param "name" string) (result s32)
    (canon lift (core func $main "write") (memory $mem) (realloc $realloc)))
  (func (export "input") (param "stream" u32) (result (own $input-stream))
    (canon lift (core func $main "give")))
  (func (export "output") (param "stream" u32) (result (own $output-stream))
    (canon lift (core func $main "give"))))
"""
)
