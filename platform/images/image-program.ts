import sharp, { type Sharp } from 'sharp';
import { assetLimits, type AssetFormat } from '../../domain/designs/asset.ts';
import { Failure } from '../../domain/failure.ts';
import { cleanSvg } from './clean-svg.ts';
import type { ImageAnswer, ImageTask, ImageTasks } from './image-tasks.ts';

/*
 * A process for one task with foreign images. It is started with nothing in its environment but where the fonts are, is told
 * what to do by a message, answers by one, and is killed when it takes too long: `image-process.ts` is its other half.
 */

sharp.cache(false);
sharp.concurrency(1);
// Whatever a file claims to be, no other decoder than these is reached.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadSvgBuffer',
  ],
});

/** Of the SVG as `cleanSvg` leaves it: its longest edge has so many units. */
const svgEdge = 1_000;
const drawnAtMost = 4_096;

// Whoever has asked is gone: nobody waits for what comes of it.
process.once('disconnect', () => process.exit());

/**
 * Beyond what any picture within the limits takes. A small SVG can want far more: each group that is faint or masked is drawn
 * on a plane of its own, one within the other.
 */
const mostMemory = 805_306_368;
const memoryLookMilliseconds = 20;

function watchMemory(): void {
  setInterval(() => {
    if (process.memoryUsage.rss() <= mostMemory) return;
    const failure = { code: 'images.unsafe', message: 'The picture takes too much memory to be drawn.' };
    send({ failure }, () => process.exit());
  }, memoryLookMilliseconds).unref();
}

process.once('message', (task: ImageTask) => {
  send({ begun: true });
  // What is made smaller has pixels, whose number is bounded.
  if (task.task !== 'compress') watchMemory();
  void perform(task).then((answer) => {
    send(answer, () => process.disconnect());
  });
});

function send(answer: ImageAnswer, sent: () => void = () => undefined): void {
  process.send?.(answer, undefined, undefined, sent);
}

async function perform(task: ImageTask): Promise<ImageAnswer> {
  try {
    switch (task.task) {
      case 'inspect':
        return { output: await inspect(task) };
      case 'render':
        return { output: await render(task) };
      case 'compress':
        return { output: await compress(task) };
    }
  } catch (error) {
    if (error instanceof Failure) return { failure: { code: error.code, message: error.message } };
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** Decodes all of it, so that what is broken or too large is known before anybody relies on it. */
async function inspect({
  content,
  format,
}: ImageTasks['inspect']['input']): Promise<ImageTasks['inspect']['output']> {
  if (format === 'svg') {
    const { svg, width, height, leftOut } = cleanSvg(content);
    const clean = Buffer.from(svg);
    await readable(() => drawn(clean, 'svg', 256, 256).raw().toBuffer());
    return { width, height, clean, leftOut };
  }
  const { width, height } = await readable(() => sharp(content, { limitInputPixels: false }).metadata());
  if (width > assetLimits.edge || height > assetLimits.edge || width * height > assetLimits.pixels)
    throw new Failure(
      'images.too_large',
      `A picture has at most ${assetLimits.pixels} pixels, ${assetLimits.edge} an edge; this one has ${width} × ${height}.`,
    );
  const { info } = await readable(() =>
    raster(content).resize(64, 64, { fit: 'inside' }).raw().toBuffer({ resolveWithObject: true }),
  );
  if (info.size === 0) throw new Failure('images.unreadable', 'The picture has no pixels.');
  const { autoOrient } = await sharp(content).metadata();
  return { width: autoOrient.width, height: autoOrient.height, clean: null, leftOut: [] };
}

async function render({
  svg,
  width,
  height,
  images,
}: ImageTasks['render']['input']): Promise<ImageTasks['render']['output']> {
  const composed = await compose(svg, images);
  // What it was made of may weigh as much as what comes now, and would be taken for memory that the picture needs.
  globalThis.gc?.();
  // The text is ours, and pictures make it large: the parser's limits are for what is foreign.
  const options = { unlimited: true, limitInputPixels: drawnAtMost ** 2, density: 72 };
  const { data, info } = await sharp(composed, options)
    .resize(width, height, { fit: 'fill' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  return {
    png: await pixels.clone().png({ compressionLevel: 9 }).toBuffer(),
    webp: await pixels.clone().webp({ quality: 85, alphaQuality: 90, effort: 4 }).toBuffer(),
  };
}

/** The SVG with its pictures in the places of their marks. */
async function compose(svg: string, images: ImageTasks['render']['input']['images']): Promise<Buffer> {
  let composed = svg;
  for (const image of images) {
    const picture = drawn(image.content, image.format, image.width, image.height);
    const [type, content] = await embedded(picture, image.format);
    composed = composed.replaceAll(
      image.mark,
      () => `href="data:${type};base64,${content.toString('base64')}"`,
    );
  }
  return Buffer.from(composed);
}

/**
 * As it stands in the SVG, which is read anew for each strip that is drawn: time and memory go by its bytes. A photograph that
 * was a JPEG stays one, in which nobody sees what it loses by that; all else keeps each of its colours.
 */
async function embedded(picture: Sharp, format: AssetFormat): Promise<[type: string, content: Buffer]> {
  return format === 'jpeg'
    ? ['image/jpeg', await picture.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()]
    : ['image/png', await picture.png({ compressionLevel: 1 }).toBuffer()];
}

/** The same picture, scaled down to what is needed, in whichever format is smallest. It keeps its transparency and colours. */
async function compress({
  content,
  format,
  width,
  height,
  quality,
}: ImageTasks['compress']['input']): Promise<ImageTasks['compress']['output']> {
  const scaled = raster(content).resize(width, height, { fit: 'inside', withoutEnlargement: true });
  const asWebp = { quality, alphaQuality: 90, effort: 5, smartSubsample: true };
  const candidates: [AssetFormat, Sharp][] = [
    ['webp', scaled.clone().webp(format === 'png' ? { lossless: true, effort: 5 } : asWebp)],
  ];
  if (format === 'jpeg') candidates.push(['jpeg', scaled.clone().jpeg({ quality, mozjpeg: true })]);
  if (format === 'png') candidates.push(['png', scaled.clone().png({ compressionLevel: 9, effort: 10 })]);
  const made = [];
  for (const [as, picture] of candidates) {
    const { data, info } = await picture.toBuffer({ resolveWithObject: true });
    made.push({ content: data, format: as, width: info.width, height: info.height });
  }
  const [smallest] = made.toSorted((a, b) => a.content.length - b.content.length);
  if (!smallest) throw new Error('Nothing was made of the picture.');
  return smallest;
}

/** The picture upright, with the limits of what may be unpacked. Of one that moves, its first frame. */
function raster(content: Uint8Array): Sharp {
  return sharp(content, { failOn: 'error', limitInputPixels: assetLimits.pixels, pages: 1 }).autoOrient();
}

/** A picture in at most so many pixels; what has fewer keeps them. An SVG is drawn in just so many. */
function drawn(content: Uint8Array, format: AssetFormat, width: number, height: number): Sharp {
  const edge = Math.min(drawnAtMost, Math.max(width, height, 1));
  if (format !== 'svg')
    return raster(content).resize(edge, edge, { fit: 'inside', withoutEnlargement: true });
  return sharp(content, {
    density: Math.max(1, (72 * edge) / svgEdge),
    limitInputPixels: drawnAtMost ** 2 * 2,
  });
}

/** What a decoder complains of is the file's fault. */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    throw new Failure('images.unreadable', 'The file is broken, or no picture of this kind.');
  }
}
