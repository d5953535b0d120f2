;; The first encoding: one component type holds the whole package.
(component
  (type $package (component
    (type $far (instance
      (export "handle" (type (sub resource)))))
    (import "old:far/away" (instance $f (type $far)))
    (alias export $f "handle" (type $handle))
    (type $near (instance
      (alias outer 1 $handle (type $handle))
      (export "handle" (type $h (eq $handle)))
      (type $own (own $h))
      (export "open" (func (result $own)))))
    (export "old:style/near" (instance (type $near)))
    (type $world (component
      (type $far (instance (export "handle" (type (sub resource)))))
      (import "old:far/away" (instance $f (type $far)))
      (alias export $f "handle" (type $handle))
      (type $near (instance
        (alias outer 1 $handle (type $handle))
        (export "handle" (type $h (eq $handle)))
        (type $own (own $h))
        (export "open" (func (result $own)))))
      (import "old:style/near" (instance (type $near)))))
    (export "old:style/user" (component (type $world)))))
  (export "old:style/wit" (type $package)))
