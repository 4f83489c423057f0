// The official npm client `openai` against a running server: chat and embeddings, streaming and not.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [host, chatModel, embeddingModel] = process.argv.slice(2);
const messages = [{ role: 'user', content: 'What is the capital of France?' }];

for (const baseURL of [`${host}/v1`, host]) {      // guides give the address without /v1, too
  const client = new OpenAI({ baseURL, apiKey: 'none' });
  const answer = await client.chat.completions.create({ model: chatModel, messages, temperature: 0, max_tokens: 32 });
  assert.match(answer.choices[0].message.content, /Paris/);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);

  let text = '', usage;
  const stream = await client.chat.completions.create({ model: chatModel, messages, temperature: 0, max_tokens: 32, stream: true, stream_options: { include_usage: true } });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, answer.choices[0].message.content);
  assert.deepEqual(usage.completion_tokens, answer.usage.completion_tokens);

  const floats = await client.embeddings.create({ model: embeddingModel, input: ['one', 'two'], encoding_format: 'float' });
  const packed = await client.embeddings.create({ model: embeddingModel, input: ['one', 'two'] });      // asks for base64 by itself
  assert.equal(floats.data.length, 2);
  packed.data[1].embedding.forEach((x, i) => assert.ok(Math.abs(x - floats.data[1].embedding[i]) < 1e-6));
}

const client = new OpenAI({ baseURL: `${host}/v1`, apiKey: 'none', maxRetries: 0 });
const models = [];
for await (const model of client.models.list()) models.push(model.id);
assert.ok(models.some(id => id.startsWith(chatModel)));
assert.equal((await client.models.retrieve(models[0])).id, models[0]);
await assert.rejects(client.chat.completions.create({ model: 'nope', messages }), error => error.status === 404 && /nope/.test(error.message));

const runner = client.chat.completions.stream({ model: chatModel, messages, temperature: 0, max_tokens: 8 });
assert.ok((await runner.finalContent()).length > 0);
console.log('openai (npm): ok');
