"""`wasi:blobstore` in a folder."""
