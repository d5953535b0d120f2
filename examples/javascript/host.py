"""Uses the rules of a shop, which are written in JavaScript."""

from rules_bindings.host import Rules, RulesImports, docs_rules_catalogue
from rules_bindings.types.docs_rules_baskets import ProblemTooMany, ProblemUnknown
from rules_bindings.types.docs_rules_catalogue import FindError, Item


class Catalogue(docs_rules_catalogue.Catalogue):
    def find(self, code: str) -> Item:
        if code != "tea":
            raise FindError(f"there is no {code}")
        return Item("Darjeeling", 1250)


imports = RulesImports(docs_rules_catalogue=Catalogue(), log=print)
with Rules.open("app.wasm", imports, deadline=5) as rules, rules.docs_rules_baskets.Basket("Ann") as basket:
    basket.add("tea", 3)
    basket.add("tea", 7)
    print(basket.items(), basket.total())
    for code, count in (("tea", 1000), ("wine", 1)):
        try:
            basket.add(code, count)
        except (ProblemTooMany, ProblemUnknown) as problem:
            print(type(problem).__name__, problem.value)
