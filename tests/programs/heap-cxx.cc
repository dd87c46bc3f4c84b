// C++ allocations: containers, strings, arrays, aligned and nothrow new, exceptions; deterministic.
#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct alignas(128) Wide {
	char bytes[256];
};

static int depth(int n)
{
	std::string note(100, static_cast<char>('a' + n % 26));

	if (n == 0)
		throw std::runtime_error(note + note);
	return depth(n - 1) + static_cast<int>(note.size());
}

static int catch_some()
{
	int caught = 0;

	for (int i = 0; i < 20; i++) {
		try {
			depth(i);
		} catch (const std::exception &error) {
			caught += error.what()[0] == 'a';
		}
	}
	return caught;
}

int main()
{
	std::vector<int> numbers;
	std::map<std::string, std::list<int>> table;
	std::vector<std::unique_ptr<Wide>> wides;

	for (int i = 0; i < 5000; i++)
		numbers.push_back(i);
	for (int i = 0; i < 300; i++)
		table["a key that is longer than a small string " + std::to_string(i % 70)].push_back(
		    i);
	for (int i = 0; i < 10; i++)
		wides.push_back(std::make_unique<Wide>());
	delete new (std::nothrow) int(4);
	delete[] new double[1000];
	new char[123]; // never deleted
	std::printf("%zu %zu %d\n", numbers.size(), table.size(), catch_some());
}
