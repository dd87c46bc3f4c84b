// One unit of a large C++ program: containers, algorithms and lambdas over types of its own, 2.5 MB of DWARF.
// tests/bench/make-big makes many units of it by replacing the number in unit_000.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace unit_000
{

template <int N> struct item {
	long key;
	std::string name;
	bool operator<(const item &other) const { return key < other.key; }
};

template <int N> class shelf
{
	std::vector<item<N>> items;
	std::map<long, item<N>> by_key;
	std::unordered_map<long, std::shared_ptr<item<N>>> index;
	std::set<item<N>> sorted;

public:
	void fill(long seed)
	{
		for (int i = 0; i < 40; i++) {
			item<N> one{seed * (i + 1) * 7919 % 1009, std::to_string(i)};

			items.push_back(one);
			by_key[one.key] = one;
			index.emplace(one.key, std::make_shared<item<N>>(one));
			sorted.insert(one);
		}
	}

	void order()
	{
		std::sort(items.begin(), items.end());
		std::stable_sort(items.begin(), items.end(),
		                 [](const item<N> &a, const item<N> &b) { return a.name < b.name; });
		std::make_heap(items.begin(), items.end());
	}

	long sum() const
	{
		std::function<long(const item<N> &)> weigh = [](const item<N> &one) {
			return one.key * N + (long)one.name.size();
		};
		long sum = (long)sorted.size();

		for (auto &one : items)
			sum += weigh(one);
		for (auto &pair : by_key)
			sum ^= pair.second.key;
		for (auto &pair : index)
			sum += pair.second->key;
		return sum;
	}
};

template <int N> long chain(long seed)
{
	shelf<N> shelf;

	shelf.fill(seed);
	shelf.order();
	if constexpr (N > 0)
		return shelf.sum() + chain<N - 1>(seed + 1);
	return shelf.sum();
}

long run(long seed)
{
	return chain<4>(seed);
}

} // namespace unit_000
