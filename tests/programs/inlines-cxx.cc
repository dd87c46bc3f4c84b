/* C++ names: templates, lambdas, operators, conversions, anonymous namespaces, constructors, all
 * inlined somewhere. */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace
{
template <typename T> struct Scaled {
	explicit Scaled(T v) : value(v * 3)
	{
		sum += static_cast<unsigned long>(value);
	}
	T operator()(T x) const
	{
		return x * value + static_cast<T>(sum);
	}
	explicit operator bool() const
	{
		return value != T{};
	}
	T value;
	static unsigned long sum;
};
template <typename T> unsigned long Scaled<T>::sum;

__attribute__((noinline)) int scale(int x)
{
	Scaled<int> by(x);
	return by ? by(x + 1) : 0;
}
} // namespace

namespace shapes
{
struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
};
struct Square final : Shape {
	explicit Square(double s) : side(s)
	{
	}
	double area() const override
	{
		return side * side;
	}
	bool operator<(const Square &other) const
	{
		return side < other.side;
	}
	double side;
};

__attribute__((noinline)) double total(const std::vector<std::unique_ptr<Shape>> &shapes)
{
	double sum = 0;
	std::for_each(shapes.begin(), shapes.end(),
	              [&sum](const auto &shape) { sum += shape->area(); });
	return sum;
}
} // namespace shapes

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? std::atoi(argv[1]) : 1;
	std::map<std::string, int> counts;
	std::vector<shapes::Square> squares;
	std::vector<std::unique_ptr<shapes::Shape>> all;

	for (int i = 0; i < rounds; i++) {
		counts["key" + std::to_string(i % 7)] += scale(i);
		squares.emplace_back(i * 0.5);
		all.push_back(std::make_unique<shapes::Square>(i));
	}
	std::sort(squares.begin(), squares.end());
	std::printf("%zu %f %zu\n", counts.size(), shapes::total(all), squares.size());
	return 0;
}
