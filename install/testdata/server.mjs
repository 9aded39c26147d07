// A small program to supervise: listens on argv[2], answers every request, says its environment on /env, and logs a
// line of argv[3] bytes per 5 ms when that is given. Ends on SIGTERM, or not at all when argv[4] is "stubborn".
import { createServer } from 'node:http';

const [, , port, lineBytes, manner] = process.argv;
createServer((request, response) => {
  if (request.url === '/exit') process.exit(3);
  response.end(JSON.stringify({ pid: process.pid, env: process.env, argv: process.argv }));
}).listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => {
  if (manner !== 'stubborn') process.exit(0);
});
if (Number(lineBytes) > 0) {
  let count = 0;
  setInterval(() => {
    process.stdout.write(`${String((count += 1)).padEnd(Number(lineBytes) - 1, '.')}\n`);
  }, 5);
}
