"""A streaming chat with nothing but requests, as tutorials write it."""
import json
import sys

import requests

url, model = sys.argv[1], sys.argv[2]
response = requests.post(
    url + "/api/chat",
    json={"model": model, "messages": [{"role": "user", "content": "What is the capital of France?"}], "options": {"temperature": 0}},
    stream=True,
)
response.raise_for_status()
answer = ""
for line in response.iter_lines():
    if line:
        part = json.loads(line)
        answer += part["message"]["content"]
        if part["done"]:
            break
print(answer)
assert "Paris" in answer
