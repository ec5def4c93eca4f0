// Making parts of a page.

/**
 * Make an element with some properties and attributes; text is never read as markup.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Partial<HTMLElementTagNameMap[T]>} [properties]
 * @param {Record<string, string>} [attributes]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function makePart(tag, properties = {}, attributes = {}) {
  const part = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
  return part;
}
