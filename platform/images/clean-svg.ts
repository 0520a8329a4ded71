import { SaxesParser } from 'saxes';
import { Failure } from '../../domain/failure.ts';
import { frameOf } from './svg-frame.ts';
import {
  keptAttributes,
  keptElements,
  referringElements,
  textElements,
  unwrappedElements,
} from './svg-vocabulary.ts';

const svgNamespace = 'http://www.w3.org/2000/svg';
const xlinkNamespace = 'http://www.w3.org/1999/xlink';

const mostElements = 20_000;
const mostDepth = 64;
const mostStyleCharacters = 65_536;
/** Elements that are drawn once everything that refers to another is replaced by what it refers to. */
const mostDrawn = 100_000;
/** Parts that refer to one another, one after another. */
const mostChained = 500;
/** Longest edge of the cleaned picture, in units of its own: what it measured before does not matter. */
const longestEdge = 1_000;

interface Element {
  name: string;
  attributes: Map<string, string>;
  children: (Element | string)[];
}

export interface CleanSvg {
  svg: string;
  width: number;
  height: number;
  /** What was left out, each once: `script`, `onclick`, `image`. */
  leftOut: string[];
}

/**
 * A foreign SVG made anew of what is known to be harmless: nothing of the original is passed on as it was. No entity is ever
 * expanded, nothing is fetched, and a picture that would multiply without end is refused.
 *
 * @throws Failure `images.unreadable` for what is no well-formed SVG, `images.unsafe` for what is refused whole
 */
export function cleanSvg(content: Uint8Array): CleanSvg {
  const leftOut = new Set<string>();
  const root = parse(decode(content), leftOut);
  const byId = indexOf(root);
  dropUnsafeStyles(root, byId, leftOut);
  requireBounded(root, byId);
  const { x, y, width, height } = frameOf(root.attributes);
  const scale = longestEdge / Math.max(width, height);
  const edge = (length: number): number => Math.max(1, Number((length * scale).toFixed(3)));
  const size = { width: edge(width), height: edge(height) };
  for (const [name, value] of Object.entries({
    viewBox: `${x} ${y} ${width} ${height}`,
    width: String(size.width),
    height: String(size.height),
  }))
    root.attributes.set(name, value);
  root.attributes.delete('x');
  root.attributes.delete('y');
  return { svg: write(root, ` xmlns="${svgNamespace}"`), ...size, leftOut: [...leftOut].toSorted() };
}

function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new Failure('images.unreadable', 'The SVG is not in UTF-8.');
  }
}

function parse(text: string, leftOut: Set<string>): Element {
  const parser = new SaxesParser({ xmlns: true });
  const open: (Element | null)[] = [];
  let root: Element | null = null;
  let count = 0;
  parser.on('error', () => {
    throw new Failure('images.unreadable', 'The SVG is not well-formed XML.');
  });
  parser.on('doctype', (declaration) => {
    // An internal subset is where entities are declared. The public identifier alone names nothing that is ever fetched.
    if (declaration.includes('[') || /entity/i.test(declaration))
      throw new Failure('images.unsafe', 'The SVG declares entities of its own.');
  });
  parser.on('opentag', (tag) => {
    count += 1;
    if (count > mostElements)
      throw new Failure('images.unsafe', `The SVG has more than ${mostElements} elements.`);
    if (open.length >= mostDepth)
      throw new Failure('images.unsafe', `The SVG is nested more than ${mostDepth} levels deep.`);
    const parent = open.at(-1);
    const isOurs = tag.uri === svgNamespace;
    // What editors keep for themselves stands in namespaces of their own, and draws nothing.
    if (isOurs && !keptElements.has(tag.local) && !unwrappedElements.has(tag.local)) leftOut.add(tag.local);
    const kept = isOurs && (keptElements.has(tag.local) || unwrappedElements.has(tag.local));
    if (parent === null || !kept) {
      open.push(null);
      return;
    }
    const element: Element = {
      name: unwrappedElements.has(tag.local) ? 'g' : tag.local,
      attributes: new Map(),
      children: [],
    };
    for (const { local, uri, value } of Object.values(tag.attributes))
      keepAttribute(element, local, uri, value, leftOut);
    if (parent) parent.children.push(element);
    else root = element;
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const addText = (part: string): void => {
    const parent = open.at(-1);
    if (parent && textElements.has(parent.name)) parent.children.push(part);
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(text).close();
  const found = root as Element | null;
  if (found?.name !== 'svg') throw new Failure('images.unreadable', 'The file is no SVG.');
  return found;
}

function keepAttribute(
  { name, attributes }: Element,
  local: string,
  uri: string,
  value: string,
  leftOut: Set<string>,
): void {
  if (local === 'href' && (uri === '' || uri === xlinkNamespace)) {
    if (referringElements.has(name) && /^#[^\s#]+$/.test(value)) attributes.set('href', value);
    else leftOut.add('href');
    return;
  }
  if (uri !== '') {
    if (local === 'space' && value === 'preserve') attributes.set('xml:space', 'preserve');
    return;
  }
  if (keptAttributes.has(local) && isHarmless(value)) attributes.set(local, value);
  else if (!/^(?:version|baseProfile|enable-background|data-.*)$/.test(local)) leftOut.add(local);
}

/** A value that refers at most to parts of the same picture, and hides nothing behind escapes. */
function isHarmless(value: string): boolean {
  const rest = value.replaceAll(/url\(\s*(["']?)#[^\s"'()\\]+\1\s*\)/gi, '');
  return !/url\s*\(|[\\@<]|src\s*\(|image\s*\(|image-set/i.test(rest);
}

/** Rules of a style sheet are kept whole or not at all. They hang on any element: of other parts they may use gradients alone. */
function dropUnsafeStyles(element: Element, byId: ReadonlyMap<string, Element>, leftOut: Set<string>): void {
  element.children = element.children.filter((child) => {
    if (typeof child === 'string') return true;
    if (child.name !== 'style') {
      dropUnsafeStyles(child, byId, leftOut);
      return true;
    }
    const rules = child.children.filter((part) => typeof part === 'string').join('');
    const isKept =
      rules.length <= mostStyleCharacters &&
      isHarmless(rules) &&
      referencesIn(rules).every((id) => (byId.get(id)?.name ?? 'Gradient').endsWith('Gradient'));
    if (!isKept) leftOut.add('style');
    return isKept;
  });
}

function indexOf(root: Element): Map<string, Element> {
  const byId = new Map<string, Element>();
  const add = (element: Element): void => {
    const id = element.attributes.get('id');
    if (id !== undefined && !byId.has(id)) byId.set(id, element);
    for (const child of element.children) if (typeof child !== 'string') add(child);
  };
  add(root);
  return byId;
}

/** Refuses a picture that refers to itself, or that grows beyond all bounds when its references are followed. */
function requireBounded(root: Element, byId: ReadonlyMap<string, Element>): void {
  const weights = new Map<Element, number>();
  const underWay = new Set<Element>();
  const weigh = (element: Element): number => {
    const known = weights.get(element);
    if (known !== undefined) return known;
    if (underWay.has(element)) throw new Failure('images.unsafe', 'The SVG refers to itself.');
    if (underWay.size > mostChained)
      throw new Failure('images.unsafe', `Parts of the SVG refer to one another over ${mostChained} steps.`);
    underWay.add(element);
    let weight = 1;
    for (const child of element.children) if (typeof child !== 'string') weight += weigh(child);
    for (const value of element.attributes.values())
      for (const id of referencesIn(value)) {
        const target = byId.get(id);
        if (target) weight += weigh(target);
      }
    underWay.delete(element);
    weights.set(element, weight);
    return weight;
  };
  if (weigh(root) > mostDrawn)
    throw new Failure(
      'images.unsafe',
      `The SVG draws more than ${mostDrawn} elements, as it refers to its parts.`,
    );
}

/** The parts that a value or a style sheet refers to. A colour such as `#fff` names none but by chance, which is harmless. */
function referencesIn(value: string): string[] {
  if (value.startsWith('#')) return [value.slice(1)];
  return [...value.matchAll(/url\(\s*["']?#([^\s"'()\\]+)["']?\s*\)/gi)].map(([, id = '']) => id);
}

function write({ name, attributes, children }: Element, more = ''): string {
  const written = [...attributes].map(([key, value]) => ` ${key}="${escape(value)}"`).join('');
  const content = children
    .map((child) => (typeof child === 'string' ? escape(child) : write(child)))
    .join('');
  return `<${name}${more}${written}>${content}</${name}>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
