/**
 * The state of a page: one object with subscribers. Views change it and listen to it; they never call each other.
 * @template {Record<string, any>} State
 */
export class Store {
  /** @type {State} */
  #state;
  /** @type {{ keys: (keyof State)[], listener: (state: State, changed: Set<keyof State>) => void }[]} */
  #subscribers = [];

  /** @param {State} initial */
  constructor(initial) {
    this.#state = { ...initial };
  }

  /** @returns {Readonly<State>} */
  get state() {
    return this.#state;
  }

  /**
   * Change some of the state; subscribers of a changed part are called once.
   * @param {Partial<State>} patch
   */
  set(patch) {
    const changed = new Set(Object.keys(patch).filter((key) => patch[key] !== this.#state[key]));
    if (!changed.size) return;
    this.#state = { ...this.#state, ...patch };
    for (const { keys, listener } of [...this.#subscribers]) {
      if (keys.some((key) => changed.has(/** @type {string} */ (key)))) listener(this.#state, changed);
    }
  }

  /**
   * Call a listener now, and whenever one of the keys changes.
   * @param {(keyof State)[]} keys
   * @param {(state: State, changed: Set<keyof State>) => void} listener
   * @returns {() => void} ends it
   */
  watch(keys, listener) {
    const subscriber = { keys, listener };
    this.#subscribers.push(subscriber);
    listener(this.#state, new Set(keys));
    return () => {
      this.#subscribers = this.#subscribers.filter((each) => each !== subscriber);
    };
  }
}
