import assert from 'node:assert/strict';
import { cleanSvg } from './clean-svg.ts';

const clean = (text: string) => cleanSvg(Buffer.from(text));
const svg = (content: string, more = '') =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10"${more}>${content}</svg>`;

describe('Foreign SVG', () => {
  it('keeps what draws', () => {
    const drawing =
      '<defs><linearGradient id="g"><stop offset="0" stop-color="#fff"/></linearGradient></defs>' +
      '<style>.a{fill:url(#g)}</style><g transform="scale(2)"><path class="a" d="M0 0L1 1"/>' +
      '<text x="1" style="font-size:2px">a &amp; b</text><use xlink:href="#g"/></g>';
    const { svg: text, leftOut, width, height } = clean(svg(drawing));
    assert.deepEqual([leftOut, width, height], [[], 1_000, 1_000]);
    for (const part of ['url(#g)', 'd="M0 0L1 1"', 'a &amp; b', 'href="#g"', 'font-size:2px', 'scale(2)'])
      assert.ok(text.includes(part), part);
    assert.deepEqual(clean(text).svg, text, 'it is its own clean form');
  });

  const hostile: [what: string, content: string, leftOut: string][] = [
    ['a script', '<script>alert(1)</script>', 'script'],
    ['a script in CDATA', '<script><![CDATA[alert(1)]]></script>', 'script'],
    ['an event handler', '<rect onclick="alert(1)" ONLOAD="x"/>', 'onclick'],
    [
      'a page inside',
      '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
      'foreignObject',
    ],
    ['a file as picture', '<image href="file:///etc/passwd" width="9" height="9"/>', 'image'],
    ['a picture from elsewhere', '<image xlink:href="https://example.com/a.png"/>', 'image'],
    ['a part of another file', '<use href="http://example.com/a.svg#x"/>', 'href'],
    ['a part of a file here', '<use xlink:href="/etc/passwd#x"/>', 'href'],
    ['a script as target', '<a href="javascript:alert(1)"><rect/></a>', 'href'],
    ['data as a part', '<use href="data:image/svg+xml;base64,AAAA#x"/>', 'href'],
    ['a fill from elsewhere', '<rect fill="url(https://example.com/a.svg#x)"/>', 'fill'],
    ['a fill from elsewhere, quoted', `<rect fill="url('file:///etc/passwd#x')"/>`, 'fill'],
    ['a style that fetches', '<rect style="fill:url(//example.com/x)"/>', 'style'],
    ['a style that hides it', '<rect style="fill:u\\72l(//example.com/x)"/>', 'style'],
    ['an imported sheet', '<style>@import "https://example.com/a.css";</style>', 'style'],
    [
      'a font from elsewhere',
      '<style>@font-face{font-family:x;src:url(https://example.com/f)}</style>',
      'style',
    ],
    ['a sheet that hangs masks on all', '<mask id="m"/><style>*{mask:url(#m)}</style>', 'style'],
    ['an animation', '<animate attributeName="href" to="javascript:alert(1)"/>', 'animate'],
    ['a setter', '<set attributeName="onload" to="alert(1)"/>', 'set'],
    ['a filter without bound', '<filter id="f"><feTurbulence numOctaves="1000000"/></filter>', 'filter'],
    ['a sheet of its own kind', '<style>.a{background-image:image-set("a.png" 1x)}</style>', 'style'],
  ];
  for (const [what, content, part] of hostile)
    it(`leaves out ${what}`, () => {
      const { svg: text, leftOut } = clean(svg(`${content}<circle r="1"/>`));
      assert.ok(leftOut.includes(part), leftOut.join());
      assert.match(text, /<circle/);
      assert.doesNotMatch(
        text,
        /script|alert|example\.com|passwd|@|on\w+=|foreignObject|data:|feTurbulence|image/i,
      );
    });

  it('never reads what stands outside of it: entities and what is declared are refused', () => {
    const doctype = (subset: string) => `<!DOCTYPE svg ${subset}>${svg('<text>&x;</text>')}`;
    for (const subset of [
      '[<!ENTITY x SYSTEM "file:///etc/passwd">]',
      '[<!ENTITY % p SYSTEM "http://example.com/e.dtd"> %p;]',
      '[<!ENTITY a "aaaaaaaaaa"><!ENTITY x "&a;&a;&a;&a;&a;&a;">]',
      'SYSTEM "file:///etc/passwd" [ ]',
    ])
      assert.throws(() => clean(doctype(subset)), { code: 'images.unsafe' }, subset);
    assert.throws(() => clean(svg('<text>&x;</text>')), { code: 'images.unreadable' });
    const usual =
      '<?xml version="1.0"?><?xml-stylesheet href="http://example.com/a.css"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">';
    assert.doesNotMatch(clean(usual + svg('<rect/>')).svg, /DOCTYPE|stylesheet|dtd/);
  });

  it('is bounded: nothing refers to itself, nests without end, or multiplies', () => {
    const unsafe = { code: 'images.unsafe' };
    assert.throws(() => clean(svg('<g id="a"><use href="#a"/></g>')), unsafe);
    assert.throws(
      () =>
        clean(svg('<mask id="a"><rect mask="url(#b)"/></mask><mask id="b"><rect mask="url(#a)"/></mask>')),
      unsafe,
    );
    const layers = Array.from(
      { length: 12 },
      (_, i) => `<g id="l${i}">${`<use href="#l${i - 1}"/>`.repeat(i === 0 ? 0 : 10)}<rect/></g>`,
    );
    assert.throws(() => clean(svg(layers.join(''))), unsafe, 'a billion laughs of use');
    const masks = Array.from(
      { length: 12 },
      (_, i) => `<mask id="m${i}">${`<rect style="mask:url(#m${i + 1})"/>`.repeat(10)}</mask>`,
    );
    assert.throws(() => clean(svg(masks.join(''))), unsafe, 'of masks');
    assert.throws(() => clean(svg('<g>'.repeat(100) + '</g>'.repeat(100))), unsafe);
    assert.throws(() => clean(svg('<rect/>'.repeat(20_001))), unsafe);
    const chain = Array.from({ length: 5_000 }, (_, i) => `<use id="u${i}" href="#u${i + 1}"/>`);
    assert.throws(() => clean(svg(chain.join(''))), unsafe);
  });

  it('is well-formed UTF-8 with a size, or nothing', () => {
    for (const text of [
      '<svg',
      '<html/>',
      '<svg xmlns="http://www.w3.org/2000/svg"/>',
      svg('<g></rect>'),
      '',
    ])
      assert.throws(() => clean(text), { code: 'images.unreadable' }, text);
    assert.throws(() => cleanSvg(Buffer.from([0xff, 0xfe, 0x3c])), { code: 'images.unreadable' });
    for (const viewBox of ['0 0 0 10', '0 0 NaN 1', '0 0 1e9 1', '0 0 1 1e-9', '0 0 -1 -1'])
      assert.throws(
        () => clean(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}"/>`),
        { code: 'images.unreadable' },
        viewBox,
      );
    const inMillimetres = clean('<svg xmlns="http://www.w3.org/2000/svg" width="20mm" height="10mm"/>');
    assert.deepEqual([inMillimetres.width, inMillimetres.height], [1_000, 500]);
  });
});
