// Burns its time in a member of a class template; with an argument it would also call functions that no run without one
// is in, one of which is inlined wherever it is called.
#include <cstdint>
#include <ctime>

namespace mill {

static volatile uint64_t sink;

template <typename Grain> struct Stone {
	__attribute__((noinline)) void turn(Grain grain)
	{
		uint64_t x = sink;

		for (unsigned i = 0; i < 100000; i++)
			x = x * 6364136223846793005u + static_cast<uint64_t>(grain);
		sink = x;
	}
};

__attribute__((always_inline)) static inline uint64_t sweep(uint64_t dust)
{
	for (unsigned i = 0; i < 1000; i++)
		dust = dust * 6364136223846793005u + i;
	return dust;
}

__attribute__((noinline)) static void repair(uint64_t part)
{
	sink = sweep(part);
}

} // namespace mill

int main(int argc, char **)
{
	mill::Stone<int> stone;
	clock_t end = clock() + CLOCKS_PER_SEC * 3 / 10;

	if (argc > 1)
		mill::repair(static_cast<uint64_t>(argc));
	while (clock() < end)
		stone.turn(7);
	return 0;
}
