// Reads a JSON list of expressions, writes for each whether @prometheus-io/lezer-promql finds an
// error, and where its vector selectors stand (UTF-16 offsets). Argument: the folder of node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { parser } = require("@prometheus-io/lezer-promql");
const texts = JSON.parse(readFileSync(0, "utf8"));
const answers = texts.map((text) => {
  const selectors = [];
  let error = false;
  parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError) error = true;
      if (node.name === "VectorSelector") selectors.push([node.from, node.to]);
    },
  });
  return { error, selectors };
});
process.stdout.write(JSON.stringify(answers));
