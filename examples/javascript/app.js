// The rules of a shop, in JavaScript: what is for sale, the host in Python says.
import { find } from 'docs:rules/catalogue@1.0.0';
import log from 'log';

class Basket {
  #customer;
  #items = new Map();

  constructor(customer) {
    this.#customer = customer;
  }

  add(code, count) {
    if (count > 100) {
      throw { tag: 'too-many', val: count };
    }
    let item;
    try {
      item = find(code);
    } catch (error) {
      throw { tag: 'unknown', val: error.payload };
    }
    const [, before] = this.#items.get(code) ?? [item, 0];
    this.#items.set(code, [item, before + count]);
    log(`${this.#customer} takes ${count} x ${item.name}`);
  }

  items() {
    return [...this.#items.values()];
  }

  total() {
    const sum = this.items().reduce((sum, [item, count]) => sum + item.cents * count, 0);
    return BigInt(sum >= 10_000 ? Math.round(sum * 0.9) : sum);
  }
}

export const baskets = { Basket };
