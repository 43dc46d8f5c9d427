using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CausalMixFT.Kernels.Independence;

sealed unsafe partial class SeparatorRow
{
    // Sets of one need no matrix: each candidate's correlations are read once, where they lie.
    void WalkSingles()
    {
        var candidates = _level.CandidatesOf(_x);
        double* c = _c.Start;
        var determined = Vector256.Create(Determined);
        for (int w = 0, lane = 0; w < _pivots && _open > 0 && !_cancellation.IsCancellationRequested; w++)
        {
            if (_blocks > 1 && _open <= _blocks * Lanes / 2)
            {
                Compact(given: 0, pivots: 0);
                lane = 0;
            }

            double g = c[w], left = 1 - g * g;
            if (left < Determined)
            {
                AskAll(w);
                continue;
            }

            while (lane < _blocks * Lanes && _lanes.Start[lane] < candidates[w])
            {
                lane++;
            }

            // The lane of w itself, if it has one.
            int own = lane < _blocks * Lanes && _lanes.Start[lane] == candidates[w] ? lane : -1;
            double* row = _correlation + (long)candidates[w] * _variables;
            var minusG = Vector256.Create(-g);
            var bound = Vector256.Create(_screen * left);
            for (int block = 0; block < _blocks; block++)
            {
                int* y = _lanes.Start + block * Lanes;
                var cy = Vector256.Create(row[y[0]], row[y[1]], row[y[2]], row[y[3]]);
                var h = Vector256.FusedMultiplyAdd(minusG, cy, Vector256.Load(c + _pivotWidth + block * Lanes));
                var s = Vector256.FusedMultiplyAdd(-cy, cy, Vector256<double>.One);
                uint passed = Passed(h, s, bound, determined) & (uint)_alive.Start[block];
                if (passed != 0)
                {
                    Ask(w, block, own / Lanes == block && own >= 0 ? passed & ~(1u << own % Lanes) : passed);
                }
            }
        }
    }

    /// <summary>Tests each set of the prefix and one pivot, from <paramref name="from"/> on.</summary>
    void TestLast(int from)
    {
        int given = _depth - 1;
        double* c = _c.Start + (long)given * _width, v = _v.Start + (long)given * _width;
        double* minusG = _last.Start, minusQ = minusG + _pivotWidth, bounds = minusQ + _pivotWidth;
        var left = Vector256.Create(_xLeft.Start[given]);
        var careful = Vector256<double>.Zero;
        for (int w = from & -Lanes; w < _pivotWidth; w += Lanes)
        {
            var variance = Vector256.Load(v + w);
            var redundant = Vector256.LessThanOrEqual(variance, Vector256.Create(Redundant));
            var q = Vector256.AndNot(Vector256<double>.One / variance, redundant);
            var ofX = Vector256.Load(c + w);
            var g = ofX * q;
            var without = left - ofX * g;
            careful |= Vector256.AndNot(Vector256.LessThan(variance, Vector256.Create(Shaky)), redundant)
                | Vector256.LessThan(without, Vector256.Create(Determined));
            (-g).Store(minusG + w);
            (-q).Store(minusQ + w);
            (without * _screen).Store(bounds + w);
        }

        // Also true where only a pivot before from is meant; then the loop below finds none.
        if (!_exact.Start[given] && careful == Vector256<double>.Zero)
        {
            Screen(from, _pivots);
            return;
        }

        int start = from;
        for (int w = from; w < _pivots; w++)
        {
            if (_exact.Start[given] || IsShaky(v[w]) || _xLeft.Start[given] + c[w] * minusG[w] < Determined)
            {
                Screen(start, w);
                AskAll(w);
                start = w + 1;
            }
        }

        Screen(start, _pivots);
    }

    // A block of lanes stays in registers while the last variable runs.
    void Screen(int from, int to)
    {
        long row = (long)(_depth - 1) * _width;
        double* factor = _factor.Start, minusG = _last.Start, minusQ = minusG + _pivotWidth, bounds = minusQ + _pivotWidth;
        var determined = Vector256.Create(Determined);
        for (int block = 0; block < _blocks; block++)
        {
            uint alive = (uint)_alive.Start[block];
            int lane = _pivotWidth + block * Lanes;
            var c = Vector256.Load(_c.Start + row + lane);
            var v = Vector256.Load(_v.Start + row + lane);
            var minus = -Vector256.Load(factor + lane);
            double* laid = Laid(from, block * Lanes, _depth - 2);
            for (int w = from; w < to && alive != 0; w++, laid += Lanes)
            {
                var cy = Vector256.FusedMultiplyAdd(Vector256.Create(factor[w]), minus, Vector256.Load(laid));
                var h = Vector256.FusedMultiplyAdd(Vector256.Create(minusG[w]), cy, c);
                var s = Vector256.FusedMultiplyAdd(Vector256.Create(minusQ[w]) * cy, cy, v);
                uint passed = Passed(h, s, Vector256.Create(bounds[w]), determined) & alive;
                if (passed != 0)
                {
                    Ask(w, block, passed);
                    alive = (uint)_alive.Start[block];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Passed(Vector256<double> h, Vector256<double> s, Vector256<double> bound, Vector256<double> determined) =>
        (Vector256.LessThanOrEqual(h * h, bound * s) | Vector256.LessThan(s, determined)).ExtractMostSignificantBits();

    void AskAll(int w)
    {
        for (int block = 0; block < _blocks; block++)
        {
            Ask(w, block, (uint)_alive.Start[block]);
        }
    }

    /// <summary>Computes r(x, y | S) for some lanes of a block, S being the prefix and <paramref name="w"/>, and notes what it separates.</summary>
    void Ask(int w, int block, uint lanes)
    {
        var candidates = _level.CandidatesOf(_x);
        _places.Start[_depth - 1] = w;
        var given = new Span<int>(_given.Start, _depth);
        for (int i = 0; i < _depth; i++)
        {
            given[i] = candidates[_places.Start[i]];
        }

        for (; lanes != 0; lanes &= lanes - 1)
        {
            int lane = block * Lanes + BitOperations.TrailingZeroCount(lanes), y = _lanes.Start[lane];
            if (given.Contains(y) || (!_fromSmaller && _level.AreCandidates(y, given)))
            {
                continue; // from the smaller variable's row this set was asked about already
            }

            double r = PartialCorrelation(Math.Min(_x, y), Math.Max(_x, y), given);
            Undecided += double.IsNaN(r) ? 1 : 0;
            if (Math.Abs(r) <= _largest)
            {
                int entry = _entries.Start[lane];
                _level.Separated[entry] = true;
                _level.Correlations[entry] = r;
                given.CopyTo(_level.Given.AsSpan(entry * _depth, _depth));
                _alive.Start[block] &= ~(1 << lane % Lanes);
                _open--;
            }
        }
    }

    double PartialCorrelation(int x, int y, ReadOnlySpan<int> given)
    {
        double* at = _packed.Start;
        for (int i = 0; i < _depth + 2; i++)
        {
            double* row = _correlation + (long)_variables * Variable(i, x, y, given);
            for (int j = 0; j <= i; j++)
            {
                *at++ = row[Variable(j, x, y, given)];
            }
        }

        return FisherZ.PartialCorrelation(new PointerMatrix(_packed.Start), _depth + 2);
    }

    int Variable(int i, int x, int y, ReadOnlySpan<int> given) => i < _depth ? given[i] : i == _depth ? x : y;
}
