// C++ frames to be sampled, as a library: virtual calls, templates with callbacks, exceptions that
// pass through frames with destructors.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct shape {
	virtual ~shape() = default;
	virtual unsigned long area(unsigned long n) const = 0;
};

struct square : shape {
	unsigned long area(unsigned long n) const override { return n * n; }
};

struct nested : shape {
	std::unique_ptr<shape> inner;
	explicit nested(std::unique_ptr<shape> in) : inner(std::move(in)) {}
	unsigned long area(unsigned long n) const override { return inner->area(n + 1) + 1; }
};

struct counter {
	unsigned long &count;
	~counter() { count++; }
};

__attribute__((noinline)) unsigned long throw_at(unsigned depth, unsigned long &count)
{
	counter guard{count};

	if (depth == 0)
		throw std::runtime_error("the deepest frame");
	return throw_at(depth - 1, count) + 1;
}

unsigned long sort_words(unsigned n)
{
	std::vector<std::string> words;
	std::map<std::string, unsigned> seen;

	for (unsigned i = 0; i < n; i++)
		words.push_back(std::to_string(i * 7919u % 1000u));
	std::sort(words.begin(), words.end(),
		  [](const std::string &a, const std::string &b) { return b < a; });
	for (const std::string &word : words)
		seen[word]++;
	return seen.size();
}

} // namespace

extern "C" unsigned long cxx_frames(unsigned n)
{
	unsigned long sum = sort_words(n);
	std::unique_ptr<shape> shapes = std::make_unique<square>();
	std::function<unsigned long(unsigned long)> area;

	for (unsigned i = 0; i < 8; i++)
		shapes = std::make_unique<nested>(std::move(shapes));
	area = [&](unsigned long x) { return shapes->area(x); };
	sum += area(n);
	return sum;
}

extern "C" unsigned long cxx_throws(unsigned depth)
{
	unsigned long count = 0;

	try {
		throw_at(depth, count);
	} catch (const std::runtime_error &error) {
		count += std::string(error.what()).size();
	}
	return count;
}
