// Turns a connector's source into a component: node componentize.mjs SOURCE WIT OUTPUT.
import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, output] = process.argv.slice(2);
const { component } = await componentize({ sourcePath, witPath, worldName: "connector" });
await writeFile(output, component);
