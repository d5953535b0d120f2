;; shop:orders@1.2.0 in the encoding of today: one export per interface and per world.
(component
  (type $money (component
    (type $exported (instance
      (type $currency-def (enum "eur" "usd"))
      (export "currency" (type $currency (eq $currency-def)))
      (type $price-def (record (field "cents" u64) (field "currency" $currency)))
      (export "price" (type $price (eq $price-def)))
      (type $cents u64)
      (export "cents" (type (eq $cents)))))
    (export "shop:orders/money@1.2.0" (instance (type $exported)))))
  (export "money" (type $money))

  (type $basket (component
    (type $money (instance
      (type $currency-def (enum "eur" "usd"))
      (export "currency" (type $currency (eq $currency-def)))
      (type $price-def (record (field "cents" u64) (field "currency" $currency)))
      (export "price" (type $price (eq $price-def)))))
    (import "shop:orders/money@1.2.0" (instance $m (type $money)))
    (alias export $m "price" (type $price))
    (type $exported (instance
      (alias outer 1 $price (type $price))
      (export "amount" (type $amount (eq $price)))
      (export "item" (type $item (sub resource)))
      (type $own (own $item))
      (type $borrow (borrow $item))
      (type $names (list string))
      (export "[constructor]item" (func (param "name" string) (result $own)))
      (export "[method]item.rename" (func (param "self" $borrow) (param "names" $names)))
      (export "[static]item.best" (func async (result $own)))
      (type $added (result $amount (error string)))
      (export "add" (func (param "item" $own) (result $added)))))
    (export "shop:orders/basket@1.2.0" (instance (type $exported)))))
  (export "basket" (type $basket))

  (type $checkout (component
    (type $world (component
      (type $money (instance
        (type $currency-def (enum "eur" "usd"))
        (export "currency" (type $currency (eq $currency-def)))
        (type $price-def (record (field "cents" u64) (field "currency" $currency)))
        (export "price" (type (eq $price-def)))))
      (import "shop:orders/money@1.2.0" (instance $m (type $money)))
      (alias export $m "price" (type $price))
      (type $basket (instance
        (alias outer 1 $price (type $price))
        (export "amount" (type (eq $price)))))
      (import "shop:orders/basket@1.2.0" (instance $b (type $basket)))
      (type $clock (instance (export "now" (func (result u64)))))
      (import "clock" (instance (type $clock)))
      (alias export $b "amount" (type $amount))
      (import "amount" (type $used (eq $amount)))
      (type $receipt-def (record (field "total" $used)))
      (import "receipt" (type (eq $receipt-def)))
      (import "log" (func (param "line" string)))
      (export "pay" (func (param "total" $used)))
      (export "basket:audit/trail" (instance
        (export "last" (func (result string)))))))
    (export "shop:orders/checkout@1.2.0" (component (type $world)))))
  (export "checkout" (type $checkout))

  (@custom "package-docs" "\01{\"docs\":\"Orders.\",\"interfaces\":{\"money\":{\"docs\":\"What things cost.\",\"types\":{\"price\":{\"docs\":\"A price.\",\"items\":{\"cents\":\"In hundredths.\"}},\"currency\":{\"items\":{\"usd\":\"US dollar\"}}}},\"basket\":{\"stability\":{\"unstable\":{\"feature\":\"baskets\"}},\"funcs\":{\"add\":{\"docs\":\"Adds.\",\"stability\":{\"stable\":{\"since\":\"1.1.0\",\"deprecated\":\"1.2.0\"}}}}}},\"worlds\":{\"checkout\":{\"docs\":\"The till.\",\"interfaces\":{\"clock\":{\"funcs\":{\"now\":{\"docs\":\"Seconds.\"}}}},\"funcs\":{\"log\":{\"docs\":\"Writes.\"}},\"func_exports\":{\"pay\":{\"docs\":\"Pays.\"}},\"types\":{\"receipt\":{\"docs\":\"Printed.\"}},\"interface_import_stability\":{\"shop:orders/basket@1.2.0\":{\"stable\":{\"since\":\"1.0.0\"}}},\"interface_export_docs\":{\"basket:audit/trail\":\"Who did it.\"}}}}")
)
