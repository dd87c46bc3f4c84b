// Keeps two threads busy with C++ library code: sorted vectors and maps of strings. mill ROUNDS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Bin {
	std::map<std::string, long> counts;
	std::vector<std::string> words;
};

unsigned next(unsigned &state) { return state = state * 1664525u + 1013904223u; }

std::string word_of(unsigned number) { return "word-" + std::to_string(number % 5003); }

void fill(Bin &bin, unsigned &state)
{
	for (int i = 0; i < 2000; i++)
		bin.words.push_back(word_of(next(state)));
}

void count(Bin &bin)
{
	for (const auto &word : bin.words)
		bin.counts[word]++;
}

long drain(Bin &bin)
{
	long sum = 0;

	std::sort(bin.words.begin(), bin.words.end(),
	          [](const std::string &a, const std::string &b) { return a > b; });
	for (const auto &entry : bin.counts)
		sum += entry.second;
	bin.words.clear();
	return sum;
}

void grind(int rounds, unsigned seed, long *result)
{
	Bin bin;
	long sum = 0;

	for (int i = 0; i < rounds; i++) {
		fill(bin, seed);
		count(bin);
		sum += drain(bin);
	}
	*result = sum;
}

} // namespace

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
	long results[2];
	std::thread other(grind, rounds, 1u, &results[0]);

	grind(rounds, 2u, &results[1]);
	other.join();
	std::printf("%ld\n", results[0] + results[1]);
}
