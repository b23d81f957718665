// Makes the contract's TypeScript types out of wit/adapter into bindings/, and copies the contract and the licence here:
// the package holds them, and building an adapter needs the contract. None of it is kept in version control or edited.

import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const contract = join(here, "../../wit/adapter");

for (const folder of ["bindings", "wit"]) rmSync(join(here, folder), { recursive: true, force: true });
cpSync(contract, join(here, "wit"), { recursive: true });
cpSync(join(here, "../../LICENSE"), join(here, "LICENSE"));
const jco = join(here, "node_modules/.bin/jco");
const made = spawnSync(jco, ["guest-types", "wit", "--world-name", "adapter", "-o", "bindings"], {
  cwd: here,
  encoding: "utf8",
});
if (made.status !== 0) {
  process.stderr.write(`${made.stdout ?? ""}${made.stderr ?? made.error}\nno types could be made of ${contract}\n`);
  process.exit(1);
}
