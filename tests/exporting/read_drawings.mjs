// What the readers of Mermaid and Graphviz see in drawings. Input: JSON, the paths. Output: JSON, nodes, boxes and edges by path.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM(""); // Mermaid wants a page
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");
const { instance } = await import("@viz-js/viz");
const graphviz = await instance();

async function readMermaid(text) {
  await mermaid.parse(text); // raises where it is wrong
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const boxes = Object.fromEntries(db.getSubGraphs().map(({ id, nodes }) => [id, nodes]));
  const nodes = [...db.getVertices().values()].filter(({ id }) => !(id in boxes));
  return {
    nodes: Object.fromEntries(nodes.map(({ id, text }) => [id, text])),
    boxes,
    edges: db.getEdges().map(({ start, end }) => [start, end]),
  };
}

function readDot(text) {
  const { objects, edges } = graphviz.renderJSON(text, { engine: "dot" });
  const isBox = ({ nodes }) => nodes !== undefined;
  return {
    nodes: Object.fromEntries(objects.filter((each) => !isBox(each)).map(({ name, label }) => [name, label])),
    boxes: Object.fromEntries(objects.filter(isBox).map(({ name, nodes }) => [name, nodes.map((each) => objects[each].name)])),
    edges: edges.map(({ tail, head }) => [objects[tail].name, objects[head].name]),
  };
}

const found = {};
for (const path of JSON.parse(readFileSync(0, "utf8"))) {
  const text = readFileSync(path, "utf8");
  found[path] = path.endsWith(".mmd") ? await readMermaid(text) : readDot(text);
}
console.log(JSON.stringify(found));
