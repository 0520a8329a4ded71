import assert from 'node:assert/strict';
import sharp from 'sharp';
import type { AssetFormat } from '../../domain/designs/asset.ts';
import { ImageProcesses } from './image-process.ts';

const solid = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#336699' } });

/** A PNG whose header says that it is so large; the pixels are not there. */
async function bomb(width: number, height: number): Promise<Buffer> {
  const png = await solid(1, 1).png().toBuffer();
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('Processes for images', () => {
  const images = new ImageProcesses();
  const inspect = (content: Buffer, format: AssetFormat) => images.run('inspect', { content, format });

  it('look at pictures, upright, without what is said about them', async () => {
    const jpeg = await solid(30, 20)
      .withExif({ IFD0: { Orientation: '6' } })
      .jpeg()
      .toBuffer();
    const turned = await sharp(jpeg).keepExif().withMetadata({ orientation: 6 }).toBuffer();
    const [webp, upright] = await Promise.all([
      inspect(await solid(7, 5).webp().toBuffer(), 'webp'),
      inspect(turned, 'jpeg'),
    ]);
    assert.deepEqual([webp.width, webp.height, webp.clean], [7, 5, null]);
    assert.deepEqual([upright.width, upright.height], [20, 30]);
  });

  it('refuse what is broken, another kind, or would fill the memory', async () => {
    const png = await solid(300, 300).png().toBuffer();
    const failures: [Buffer, AssetFormat, string][] = [
      [png.subarray(0, png.length / 2), 'png', 'images.unreadable'],
      [Buffer.from('\x89PNG\r\n\x1a\nnonsense', 'latin1'), 'png', 'images.unreadable'],
      [await bomb(16_000, 16_000), 'png', 'images.too_large'],
      [await bomb(60_000, 100), 'png', 'images.too_large'],
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><a'), 'svg', 'images.unreadable'],
    ];
    for (const [content, format, code] of failures) await assert.rejects(inspect(content, format), { code });
  });

  it('draw the same files of the same picture, in a process that has nothing of ours', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32" viewBox="0 0 64 32">' +
      '<text x="2" y="20" font-size="14" font-family="Nowhere">Aä日</text><image href="asset:a" width="9" height="9"/></svg>';
    const content = await solid(20, 20).png().toBuffer();
    const image = { mark: 'href="asset:a"', content, format: 'png', width: 9, height: 9 } as const;
    const draw = () => images.run('render', { svg, width: 64, height: 32, images: [image] });
    const [first, second] = await Promise.all([draw(), draw()]);
    assert.deepEqual(Buffer.from(first.png), Buffer.from(second.png));
    assert.deepEqual(Buffer.from(first.webp), Buffer.from(second.webp));
    const { data, info } = await sharp(first.png).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [64, 32, 4]);
    const pixel = (x: number, y: number) => [...data.subarray((y * 64 + x) * 4, (y * 64 + x) * 4 + 4)];
    assert.deepEqual(pixel(4, 4), [0x33, 0x66, 0x99, 255]);
    assert.deepEqual(pixel(60, 30), [0, 0, 0, 0]);
  });

  it('draw a photograph in its colours, whatever it stands in between as', async () => {
    const content = await sharp({ create: { width: 300, height: 200, channels: 3, background: '#ff8000' } })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const image = { mark: 'href="asset:a"', content, format: 'jpeg', width: 64, height: 43 } as const;
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="40" viewBox="0 0 64 40">' +
      '<image href="asset:a" width="64" height="40" preserveAspectRatio="xMidYMid slice"/></svg>';
    const { png } = await images.run('render', { svg, width: 64, height: 40, images: [image] });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [64, 40, 4]);
    const expected = [0xff, 0x80, 0, 255];
    const difference = Math.max(...data.map((value, at) => Math.abs(value - (expected[at % 4] ?? 0))));
    assert.ok(difference <= 3, `${difference} of 255`);
  });

  it('reach nothing outside of a picture, even if a reference got so far', async () => {
    const file = `${process.cwd()}/node_modules/@expo-google-fonts/kosugi/font-family.png`;
    const { width } = await sharp(file).metadata();
    assert.ok(width, 'There is a picture to be reached.');
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="8" height="8">' +
      `<image xlink:href="file://${file}" width="8" height="8"/></svg>`;
    const { png } = await images.run('render', { svg, width: 8, height: 8, images: [] });
    const pixels = await sharp(png).raw().toBuffer();
    assert.ok(pixels.every((value) => value === 0));
  });

  it('are killed when they take too long, or when nobody waits any more; others go on', async () => {
    // Each group is drawn apart, twice, and laid over the ones before.
    const slow =
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><mask id="m"><rect width="90" height="90" fill="#fff" opacity="0.5"/></mask>' +
      `${'<g mask="url(#m)" opacity="0.9"><rect width="90" height="90"/></g>'.repeat(9_000)}</svg>`;
    const brief = new ImageProcesses({ seconds: 2 });
    const one = new ImageProcesses({ atOnce: 1 });
    const task = { content: Buffer.from(slow), format: 'svg' } as const;
    await assert.rejects(brief.run('inspect', task), { code: 'images.too_slow' });
    // By the clock, nobody knows what is to blame.
    const impatient = new ImageProcesses({ patience: 1 });
    await assert.rejects(impatient.run('inspect', task), { kind: 'unavailable' });
    const leaving = new AbortController();
    const left = assert.rejects(one.run('inspect', task, leaving.signal), { name: 'AbortError' });
    leaving.abort();
    await left;
    const png = await solid(4, 4).png().toBuffer();
    assert.equal((await one.run('inspect', { content: png, format: 'png' })).width, 4);
  });

  it('that cannot be started keep nobody waiting', async () => {
    const one = new ImageProcesses({ atOnce: 1 });
    const content = await solid(4, 4).png().toBuffer();
    const { execPath } = process;
    process.execPath = '/nowhere/node';
    try {
      await assert.rejects(one.run('inspect', { content, format: 'png' }), { code: 'service.unavailable' });
    } finally {
      process.execPath = execPath;
    }
    assert.equal((await one.run('inspect', { content, format: 'png' })).width, 4);
  });

  it('give up a small picture that wants all of the memory', async () => {
    const nested = `${'<g opacity="0.9">'.repeat(60)}<rect width="9" height="9"/>${'</g>'.repeat(60)}`;
    const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">${nested}</svg>`;
    const { clean } = await inspect(Buffer.from(picture), 'svg');
    assert.ok(clean);
    const edge = { width: 2_048, height: 2_048 };
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="2048" height="2048">' +
      '<image href="asset:a" width="2048" height="2048"/></svg>';
    const image = { mark: 'href="asset:a"', content: clean, format: 'svg', ...edge } as const;
    await assert.rejects(images.run('render', { svg, images: [image], ...edge }), {
      code: 'images.unsafe',
      message: 'The picture takes too much memory to be drawn.',
    });
  });

  it('make pictures smaller, and keep their transparency', async () => {
    const noise = Buffer.from(
      Array.from({ length: 200 * 200 * 4 }, (_, i) => Math.imul(i, 2_654_435_761) >>> 24),
    );
    const content = await sharp(noise, { raw: { width: 200, height: 200, channels: 4 } })
      .png()
      .toBuffer();
    const task = { content, format: 'png', width: 50, height: 50, quality: 80 } as const;
    const smaller = await images.run('compress', task);
    const { width, height, hasAlpha } = await sharp(smaller.content).metadata();
    assert.deepEqual([width, height, hasAlpha], [50, 50, true]);
    assert.ok(smaller.content.length < content.length / 2);
  });
});
