// Runs programs in JavaScript in one process: to start Node takes longer than most of them.
//
// Reads the name of a file a line, and answers with what came of it: {"code", "out", "err"}. Each
// program is a module of its own, also when it is run again. Two have no business with each other's
// globals, and none goes on behind its last line.

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

class Exit extends Error {}

const answer = process.stdout.write.bind(process.stdout);
let said;
const kept = (name) => (text) => {
  said[name] += typeof text === "string" ? text : Buffer.from(text).toString();
  return true;
};
process.stdout.write = kept("out");
process.stderr.write = kept("err");
process.exit = (code = 0) => {
  said.code = code; // whoever catches what is thrown
  throw new Exit();
};

let number = 0;
for await (const file of createInterface({ input: process.stdin })) {
  said = { code: 0, out: "", err: "" };
  try {
    await import(`${pathToFileURL(file)}?${(number += 1)}`);
  } catch (error) {
    if (!(error instanceof Exit)) {
      said.code = 1;
      said.err += `${error.stack}\n`;
    }
  }
  answer(`${JSON.stringify(said)}\n`);
}
