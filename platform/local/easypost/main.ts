import { receiverOf } from '../simulator/receiver.ts';
import { startEasyPostSimulator } from './simulator.ts';

/** `node platform/local/easypost/main.ts <folder> <port>`: the simulator as a process, until SIGTERM. */
const [folder, port] = process.argv.slice(2);
if (!folder || !port) throw new Error('Usage: main.ts <folder> <port>');
const simulator = await startEasyPostSimulator({
  folder,
  port: Number(port),
  receiver: receiverOf(process.env),
  stepSeconds: Number(process.env['SIMULATED_PARCEL_SECONDS']) || null,
});
process.stdout.write(`The EasyPost simulator serves at ${simulator.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.stop());
