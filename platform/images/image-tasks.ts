import type { AssetFormat } from '../../domain/designs/asset.ts';

/** What is asked of a process that works on images, and what it gives. Both cross as structured clones. */
export interface ImageTasks {
  /** Looks at a foreign file: what it is, whether it can be drawn, and what of it is kept. */
  inspect: {
    input: { content: Uint8Array; format: AssetFormat };
    output: {
      width: number;
      height: number;
      /** An SVG made anew; null where the file is kept as it came. */
      clean: Uint8Array | null;
      leftOut: string[];
    };
  };
  /** Draws a picture as PNG and as WebP. Equal input gives equal files. */
  render: {
    input: {
      svg: string;
      width: number;
      height: number;
      /** The pictures in it, each for a mark, with the pixels that it needs. */
      images: readonly {
        mark: string;
        content: Uint8Array;
        format: AssetFormat;
        width: number;
        height: number;
      }[];
    };
    output: { png: Uint8Array; webp: Uint8Array };
  };
  /** Makes the smallest file that shows as much as is needed. */
  compress: {
    input: { content: Uint8Array; format: AssetFormat; width: number; height: number; quality: number };
    output: { content: Uint8Array; format: AssetFormat; width: number; height: number };
  };
}

export type ImageTask = { [K in keyof ImageTasks]: { task: K } & ImageTasks[K]['input'] }[keyof ImageTasks];

export type ImageAnswer =
  /** It has heard what to do: what it dies of from here on may be the picture. */
  | { begun: true }
  | { output: unknown }
  /** A coded failure, or the text of any other error. */
  | { failure: { code: string; message: string } }
  | { error: string };
