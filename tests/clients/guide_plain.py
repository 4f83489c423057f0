"""A chat in one piece with nothing but requests, as tutorials write it."""
import sys

import requests

url, model = sys.argv[1], sys.argv[2]
response = requests.post(
    url + "/api/chat",
    json={
        "model": model,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "options": {"temperature": 0},
        "stream": False,
    },
)
response.raise_for_status()
answer = response.json()["message"]["content"]
print(answer)
assert "Paris" in answer
