// The official npm client `ollama` against a running server: chat and generate, streaming and not, and embed.
import assert from 'node:assert/strict';
import { Ollama } from 'ollama';

const [host, chatModel, ...embeddingModels] = process.argv.slice(2);
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

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
for (const model of embeddingModels) {
  const embedded = await ollama.embed({ model, input: ['one', 'two'] });
  assert.equal(embedded.embeddings.length, 2);
  assert.ok(embedded.prompt_eval_count > 0 && embedded.total_duration >= embedded.load_duration);
  assert.ok(Math.abs(dot(embedded.embeddings[0], embedded.embeddings[0]) - 1) < 1e-4, 'normalised');
  assert.deepEqual((await ollama.embed({ model, input: 'one' })).embeddings, [embedded.embeddings[0]], 'alone as among others');
  assert.deepEqual((await ollama.embeddings({ model, prompt: 'one' })).embedding, embedded.embeddings[0]);
  const cut = (await ollama.embed({ model, input: 'one', dimensions: 16 })).embeddings[0];
  assert.equal(cut.length, 16);
  assert.ok(Math.abs(dot(cut, cut) - 1) < 1e-4, 'normalised again');
  const long = 'word '.repeat(1000);
  await assert.rejects(ollama.embed({ model, input: ['short', long], truncate: false, options: { num_ctx: 100 } }), /input length exceeds the context length/);
  assert.equal((await ollama.embed({ model, input: long, options: { num_ctx: 100 } })).prompt_eval_count, 100);
}
if (embeddingModels.includes('all-minilm')) {
  const [near, far, query] = (await ollama.embed({ model: 'all-minilm', input: ['A cat sleeps on the sofa.', 'The shares fell by nine per cent.', 'Where does the kitten rest?'] })).embeddings;
  assert.ok(dot(query, near) > dot(query, far) + 0.2, 'meaning');
  await assert.rejects(ollama.chat({ model: 'all-minilm', messages }), /"all-minilm" does not support chat/);
  await assert.rejects(ollama.generate({ model: 'all-minilm', prompt: 'hi' }), /"all-minilm" does not support generate/);
  // More at once than a pass, of many lengths, in order.
  const texts = Array.from({ length: 300 }, (_, i) => 'number ' + i + ' and more'.repeat(i % 30));
  const all = (await ollama.embed({ model: 'all-minilm', input: texts })).embeddings;
  for (const i of [0, 29, 150, 299]) assert.deepEqual((await ollama.embed({ model: 'all-minilm', input: texts[i] })).embeddings[0], all[i]);
}

await assert.rejects(ollama.chat({ model: 'nope', messages }), /not found/);
// A long answer, broken off by the client at its first part: the client sees the abort, and the next request is answered at once.
const long = await ollama.generate({ model: chatModel, prompt: '1, 2, 3, 4, 5,', raw: true, options: { temperature: 0, num_predict: 2000, num_ctx: 2048 }, stream: true });
await assert.rejects(async () => { for await (const part of long) { assert.equal(part.done, false); long.abort(); } }, /abort/i);
const next = await ollama.chat({ model: chatModel, messages, options });
assert.equal(next.message.content, answer.message.content);
console.log('ollama (npm): ok');
