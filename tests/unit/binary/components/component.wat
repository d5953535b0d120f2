;; A component as tools build them: an import, a lifted function, and an interface exported through a nested component
;; that gives its types their names.
(component
  (type $types (instance
    (type $color-def (enum "red" "green"))
    (export "color" (type $color (eq $color-def)))
    (export "paint" (func (param "c" $color)))))
  (import "art:kit/palette@0.3.1" (instance $palette (type $types)))
  (import "gallery" (instance (export "visit" (func))))
  (alias export $palette "color" (type $color))
  (import "shade" (type $shade (eq $color)))
  (import "notify" (func (param "s" $shade)))

  (core module $code
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 8)
    (func (export "mix") (param i32) (result i32) i32.const 0)
    (func (export "make") (result i32) i32.const 0)
    (func (export "look") (param i32)))
  (core instance $core (instantiate $code))

  (type $canvas (resource (rep i32)))
  (core func $drop (canon resource.drop $canvas))
  (func $mix (param "with" $shade) (result $shade) (canon lift (core func $core "mix")))
  (export "mix" (func $mix))

  (type $own (own $canvas))
  (type $borrow (borrow $canvas))
  (func $make (result $own) (canon lift (core func $core "make")))
  (func $look (param "self" $borrow) (canon lift (core func $core "look")))
  (component $names
    (import "type-canvas" (type $canvas (sub resource)))
    (type $own (own $canvas))
    (type $borrow (borrow $canvas))
    (import "make" (func $make (result $own)))
    (import "look" (func $look (param "self" $borrow)))
    (export $named "canvas" (type $canvas))
    (type $named-own (own $named))
    (type $named-borrow (borrow $named))
    (export "[constructor]canvas" (func $make) (func (result $named-own)))
    (export "[method]canvas.look" (func $look) (func (param "self" $named-borrow))))
  (instance $studio (instantiate $names
    (with "type-canvas" (type $canvas))
    (with "make" (func $make))
    (with "look" (func $look))))
  (export "art:kit/studio@0.3.1" (instance $studio))
)
