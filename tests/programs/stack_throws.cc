// Throws exceptions through ten frames with destructors, and burns in the handler, for the given
// milliseconds of processor time. Nearly all of it is in the run-time's unwinder.
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <stdexcept>

namespace
{

volatile uint64_t sink;

uint64_t cpu_ns()
{
	timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

struct guard {
	~guard() { sink = sink + 1; }
};

} // namespace

extern "C" __attribute__((noinline)) void throw_at(unsigned depth)
{
	guard each;

	if (depth == 1)
		throw std::runtime_error("the deepest frame");
	throw_at(depth - 1);
}

extern "C" __attribute__((noinline)) void burn()
{
	for (unsigned i = 0; i < 500; i++)
		sink = sink * 6364136223846793005u + i;
}

extern "C" __attribute__((noinline)) void catch_one()
{
	try {
		throw_at(10);
	} catch (const std::runtime_error &) {
		burn();
	}
}

int main(int argc, char **argv)
{
	uint64_t wanted_ns = (argc > 1 ? strtoull(argv[1], nullptr, 10) : 100) * 1000000u;

	while (cpu_ns() < wanted_ns)
		catch_one();
	return 0;
}
