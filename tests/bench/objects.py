"""What a small interpreted program does: objects of many kinds, text, sorting."""
import json

table = {f"user-{i * 7919 % 100003}": [i, str(i), {"score": i * 31 % 1009}] for i in range(60000)}
rows = sorted(table.items(), key=lambda row: (row[1][2]["score"], row[0]))
text = json.dumps(rows)
words = [word.strip('[]{}" ') for word in text.split(",")]
print(len(json.loads(text)), len(set(words)))
