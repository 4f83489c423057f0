// The official npm client `openai` against a running server: chat and embeddings, streaming and not.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [host, chatModel, ...embeddingModels] = process.argv.slice(2);
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

  for (const model of embeddingModels) {
    const floats = await client.embeddings.create({ model, input: ['one', 'two'], encoding_format: 'float' });
    const packed = await client.embeddings.create({ model, input: ['one', 'two'] });      // asks for base64 by itself
    assert.deepEqual(floats.data.map(entry => entry.index), [0, 1]);
    assert.deepEqual(packed.data.map(entry => entry.embedding), floats.data.map(entry => Array.from(Float32Array.from(entry.embedding))));
    assert.equal(floats.usage.total_tokens, floats.usage.prompt_tokens);
    const single = await client.embeddings.create({ model, input: 'two' });
    assert.deepEqual(single.data[0].embedding, packed.data[1].embedding);
    const raw = await client.embeddings.create({ model, input: 'two', encoding_format: 'base64' });
    assert.deepEqual(Array.from(new Float32Array(Uint8Array.from(Buffer.from(raw.data[0].embedding, 'base64')).buffer)), single.data[0].embedding);
    assert.equal((await client.embeddings.create({ model, input: 'two', dimensions: 16 })).data[0].embedding.length, 16);
    assert.equal((await client.embeddings.create({ model, input: [[5, 6, 7], [8]] })).data.length, 2);      // the model's own token ids
  }
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
