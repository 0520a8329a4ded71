import { parseKeyRing } from '../../platform/crypto/secret-box.ts';
import { dataConverterOf } from '../../temporal.config.ts';

/** The key ring of all tests' systems, as `ENCRYPTION_KEYS` has it. Saved histories may be sealed with it. */
export const testEncryptionKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** Reads and writes payloads as those systems do. */
export const testDataConverter = dataConverterOf(parseKeyRing(testEncryptionKeys));
