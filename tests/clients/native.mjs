// The official npm client `ollama` against a running server: chat, generate and embed, streaming and not.
import assert from 'node:assert/strict';
import { Ollama } from 'ollama';

const [host, chatModel, embeddingModel] = process.argv.slice(2);
const ollama = new Ollama({ host });
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const options = { temperature: 0, num_predict: 32 };

const listed = await ollama.list();
assert.ok(listed.models.some(model => model.name.startsWith(chatModel)), 'the model is listed');
const shown = await ollama.show({ model: chatModel });
assert.ok(shown.capabilities.includes('completion'));

const answer = await ollama.chat({ model: chatModel, messages, options });
assert.match(answer.message.content, /Paris/);
assert.equal(answer.done, true);
assert.ok(answer.eval_count > 0 && answer.prompt_eval_count > 0);

let text = '', last;
for await (const part of await ollama.chat({ model: chatModel, messages, options, stream: true })) {
  text += part.message.content;
  last = part;
}
assert.equal(text, answer.message.content, 'streaming gives the same text');
assert.equal(last.done_reason, 'stop');

const generated = await ollama.generate({ model: chatModel, prompt: messages[0].content, options });
assert.match(generated.response, /Paris/);
text = '';
for await (const part of await ollama.generate({ model: chatModel, prompt: messages[0].content, options, stream: true })) text += part.response;
assert.equal(text, generated.response);

const embedded = await ollama.embed({ model: embeddingModel, input: ['one', 'two'] });
assert.equal(embedded.embeddings.length, 2);
assert.ok(Math.abs(embedded.embeddings[0].reduce((sum, x) => sum + x * x, 0) - 1) < 1e-4, 'normalised');
const single = await ollama.embeddings({ model: embeddingModel, prompt: 'one' });
assert.ok(single.embedding.every((x, i) => Math.abs(x - embedded.embeddings[0][i]) < 1e-6));

await assert.rejects(ollama.chat({ model: 'nope', messages }), /not found/);
// A long answer, broken off by the client at its first part: the client sees the abort, and the next request is answered at once.
const long = await ollama.generate({ model: chatModel, prompt: '1, 2, 3, 4, 5,', raw: true, options: { temperature: 0, num_predict: 2000, num_ctx: 2048 }, stream: true });
await assert.rejects(async () => { for await (const part of long) { assert.equal(part.done, false); long.abort(); } }, /abort/i);
const next = await ollama.chat({ model: chatModel, messages, options });
assert.equal(next.message.content, answer.message.content);
console.log('ollama (npm): ok');
