import { receiverOf } from '../simulator/receiver.ts';
import { startStripeSimulator } from './simulator.ts';

/** `node platform/local/stripe/main.ts <folder> <port>`: the simulator as a process, until SIGTERM. */
const [folder, port] = process.argv.slice(2);
if (!folder || !port) throw new Error('Usage: main.ts <folder> <port>');
const simulator = await startStripeSimulator({
  folder,
  port: Number(port),
  receiver: receiverOf(process.env),
});
process.stdout.write(`The Stripe simulator serves at ${simulator.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void simulator.stop());
