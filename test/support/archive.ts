import yauzl from 'yauzl';

/** The files of a ZIP by their names, read by another library than the one that writes ours. */
export async function filesOfArchive(bytes: Buffer): Promise<Map<string, string>> {
  const zip = await yauzl.fromBufferPromise(bytes);
  const files = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    const content = Buffer.concat(await Array.fromAsync(await zip.openReadStreamPromise(entry)));
    files.set(entry.fileName, content.toString());
  }
  return files;
}
