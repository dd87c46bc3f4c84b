// Burns its time in a function that is inlined into a member of a class template.
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace mill {

static volatile uint64_t sink;

__attribute__((always_inline)) inline uint64_t grind(uint64_t grain)
{
	for (unsigned i = 0; i < 100000; i++)
		grain = grain * 6364136223846793005u + i;
	return grain;
}

template <typename Grain> struct Stone {
	__attribute__((noinline)) void turn(Grain grain)
	{
		sink = grind(sink + grain);
	}
};

} // namespace mill

int main()
{
	mill::Stone<int> stone;
	clock_t end = clock() + CLOCKS_PER_SEC * 3 / 10;

	while (clock() < end)
		stone.turn(7);
	return 0;
}
