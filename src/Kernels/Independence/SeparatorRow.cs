using System.Diagnostics;
using System.Runtime.Intrinsics;
using CausalMixFT.Kernels.Devices;

namespace CausalMixFT.Kernels.Independence;

/// <summary>The search for separating sets among one variable's candidates, for all its open pairs at once. One thread's memory, kept.</summary>
/// <remarks>
/// For row x, a vector holds one number for each candidate ("pivots"), then one for each y whose pair with x is open
/// ("lanes"). With P the variables given so far, <c>_c</c> holds c(x, z | P), <c>_v</c> v(z | P) and the matrices
/// c(w, z | P) for the pivots w still to come. Sets are walked in lexicographic order; each variable that joins a prefix
/// is eliminated once for all sets that begin with it. The last but one is not written out, and the last, w, costs a lane
/// <c>(c(x, y) − c(x, w) c(w, y)/v(w))² ≤ ρ² v(x | w) (v(y) − c(w, y)²/v(w))</c>: eight vector operations, no root, no
/// logarithm, whatever the depth. That only screens, a little too generously. What passes is computed again as
/// <see cref="FisherZ"/> does, and so is every set that is nearly singular: the graph is that of a search that asks one
/// by one.
/// </remarks>
sealed unsafe partial class SeparatorRow
{
    // A share of variance below Shaky loses digits that the screen counts on; below Redundant there is nothing but
    // rounding left, and FisherZ too passes the variable over.
    const double Shaky = 1e-5, Redundant = 1e-12;

    // The screen's room for rounding: 1e-16, which a pivot makes larger by 1 / Shaky at most.
    const double Room = 1e-6;

    const double Determined = SmallMatrix.Determined * (1 + Room);

    const int Lanes = 4;

    // By the size of the prefix: pivots by pivots, row by row; and for each block of lanes its four numbers for each pivot,
    // in the order that the last variable runs.
    readonly Scratch<double> _matrix = new(), _laneMatrix = new();

    // c, v and x's variance by the size of the prefix; the factor of the variable that joined it last.
    readonly Scratch<double> _c = new(), _v = new(), _factor = new(), _last = new(), _packed = new(), _xLeft = new();
    readonly Scratch<int> _lanes = new(), _entries = new(), _alive = new(), _places = new(), _given = new();
    readonly Scratch<bool> _exact = new();
    readonly List<(int X, int Entry)> _opened = [];

    SkeletonLevel _level = null!;
    double* _correlation;
    int _variables, _depth, _x;
    bool _fromSmaller;
    double _largest, _screen;
    CancellationToken _cancellation;

    // A vector has _pivotWidth numbers for the pivots, then a block of four for each four lanes; _width when all are open.
    int _pivots, _pivotWidth, _width, _blocks, _open, _laneLength;

    /// <summary>How many questions of the last row had no answer.</summary>
    public long Undecided { get; private set; }

    /// <summary>How many questions the last row's pairs cost, as far as this side was their last.</summary>
    public long Queries { get; private set; }

    /// <summary>Finds what separates <paramref name="x"/> from its open neighbours that are larger, or smaller.</summary>
    public void Search(
        DeviceArray<double> correlation, SkeletonLevel level, int x, bool fromSmaller, double largest,
        CancellationToken cancellation)
    {
        _correlation = correlation.Start;
        (_level, _variables, _depth) = (level, level.Variables, level.Depth);
        (_x, _fromSmaller, _largest, _cancellation) = (x, fromSmaller, largest, cancellation);
        _screen = largest * Math.Abs(largest) * (1 + Room);
        (Undecided, Queries) = (0, 0);
        Open();
        if (_pivots >= _depth && _depth == 1)
        {
            WalkSingles();
        }
        else if (_pivots >= _depth)
        {
            FillMatrix();
            WalkPrefixes();
        }

        foreach (var (smaller, entry) in _opened)
        {
            Queries += !fromSmaller || level.Separated[entry] ? level.QueriesOf(smaller, entry) : 0;
        }
    }

    void Open()
    {
        var candidates = _level.CandidatesOf(_x);
        _pivots = candidates.Length;
        _pivotWidth = (_pivots + Lanes - 1) / Lanes * Lanes;
        int degree = _level.Starts[_x + 1] - _level.Starts[_x], most = (degree + Lanes - 1) / Lanes * Lanes;
        _lanes.Fit(most);
        _entries.Fit(most);
        _opened.Clear();
        _open = 0;
        for (int entry = _level.Starts[_x]; entry < _level.Starts[_x + 1]; entry++)
        {
            if (_level.IsOpen(_x, entry, _fromSmaller))
            {
                int y = _level.Neighbours[entry], at = _fromSmaller ? entry : _level.Mirror[entry];
                (_lanes.Start[_open], _entries.Start[_open]) = (y, at);
                _opened.Add((Math.Min(_x, y), at));
                _open++;
            }
        }

        _blocks = (_open + Lanes - 1) / Lanes;
        _width = _pivotWidth + _blocks * Lanes;
        _alive.Fit(_blocks);
        _places.Fit(_depth);
        _given.Fit(_depth);
        _xLeft.Fit(_depth);
        _exact.Fit(_depth);
        _c.Fit(_depth * _width);
        _v.Fit(_depth * _width);
        _factor.Fit(_width);
        _last.Fit(3 * _pivotWidth);
        _packed.Fit(SmallMatrix.Length(_depth + 2));
        _xLeft.Start[0] = 1;
        _exact.Start[0] = false;
        for (int lane = _open; lane < _blocks * Lanes; lane++)
        {
            _lanes.Start[lane] = _x;
        }

        for (int block = 0; block < _blocks; block++)
        {
            _alive.Start[block] = (1 << Math.Min(Lanes, _open - block * Lanes)) - 1;
        }

        double* row = _correlation + (long)_x * _variables, c = _c.Start;
        GatherPivots(row, c, candidates);
        for (int lane = 0; lane < _blocks * Lanes; lane++)
        {
            c[_pivotWidth + lane] = row[_lanes.Start[lane]];
        }

        new Span<double>(_v.Start, _width).Fill(1);
    }

    void GatherPivots(double* row, double* vector, ReadOnlySpan<int> candidates)
    {
        for (int i = 0; i < _pivotWidth; i++)
        {
            vector[i] = i < candidates.Length ? row[candidates[i]] : 0;
        }
    }

    void FillMatrix()
    {
        var candidates = _level.CandidatesOf(_x);
        _laneLength = _pivots * _blocks * Lanes;
        _matrix.Fit(checked((_depth - 1) * _pivots * _pivotWidth));
        _laneMatrix.Fit(checked((_depth - 1) * _laneLength));
        int own = 0;
        for (int w = 0; w < _pivots; w++)
        {
            double* row = _correlation + (long)candidates[w] * _variables;
            GatherPivots(row, _matrix.Start + (long)w * _pivotWidth, candidates);
            for (int lane = 0; lane < _blocks * Lanes; lane++)
            {
                *Laid(w, lane) = row[_lanes.Start[lane]];
            }

            while (own < _open && _lanes.Start[own] < candidates[w])
            {
                own++;
            }

            // NaN passes no screen: y is not given where x and y are asked about.
            if (own < _open && _lanes.Start[own] == candidates[w])
            {
                *Laid(w, own) = double.NaN;
            }
        }
    }

    double* Laid(int w, int lane, int given = 0) =>
        _laneMatrix.Start + (long)given * _laneLength + ((long)(lane / Lanes) * _pivots + w) * Lanes + lane % Lanes;

    void WalkPrefixes()
    {
        int* places = _places.Start;
        places[0] = -1;
        for (int given = 0; given >= 0;)
        {
            int w = ++places[given];
            if (w > _pivots - _depth + given)
            {
                given--;
                continue;
            }

            if (_open == 0 || _cancellation.IsCancellationRequested)
            {
                return;
            }

            if (_blocks > 1 && _open <= _blocks * Lanes / 2)
            {
                Compact(given, pivots: _pivots);
            }

            Give(w, given);
            if (given == _depth - 2)
            {
                TestLast(w + 1);
            }
            else
            {
                given++;
                places[given] = w;
            }
        }
    }

    /// <summary>Adds pivot <paramref name="w"/> to the <paramref name="given"/> that are given.</summary>
    void Give(int w, int given)
    {
        double* c = _c.Start + (long)given * _width, v = _v.Start + (long)given * _width, factor = _factor.Start;
        double* row = _matrix.Start + ((long)given * _pivots + w) * _pivotWidth;
        double variance = v[w], inverse = variance > Redundant ? 1 / Math.Sqrt(variance) : 0;
        double x = c[w] * inverse, left = _xLeft.Start[given] - x * x;
        _xLeft.Start[given + 1] = left;
        _exact.Start[given + 1] = _exact.Start[given] || IsShaky(variance) || left < Determined;
        var scale = Vector256.Create(inverse);
        var minusX = Vector256.Create(-x);
        for (int z = (w + 1) & -Lanes; z < _pivotWidth + _blocks * Lanes; z += Lanes)
        {
            var own = scale * Vector256.Load(z < _pivotWidth ? row + z : Laid(w, z - _pivotWidth, given));
            own.Store(factor + z);
            Vector256.FusedMultiplyAdd(minusX, own, Vector256.Load(c + z)).Store(c + _width + z);
            Vector256.FusedMultiplyAdd(-own, own, Vector256.Load(v + z)).Store(v + _width + z);
        }

        if (given < _depth - 2)
        {
            Eliminate(w, given);
        }
    }

    /// <summary>Writes what is left of the matrices for the pivots after <paramref name="w"/>.</summary>
    void Eliminate(int w, int given)
    {
        double* factor = _factor.Start, row = _matrix.Start + ((long)given * _pivots + w + 1) * _pivotWidth;
        long next = (long)_pivots * _pivotWidth;
        for (int pivot = w + 1; pivot < _pivots; pivot++, row += _pivotWidth)
        {
            var minus = Vector256.Create(-factor[pivot]);
            for (int z = (pivot + 1) & -Lanes; z < _pivotWidth; z += Lanes)
            {
                Vector256.FusedMultiplyAdd(minus, Vector256.Load(factor + z), Vector256.Load(row + z)).Store(row + next + z);
            }
        }

        for (int block = 0; block < _blocks; block++)
        {
            var minus = -Vector256.Load(factor + _pivotWidth + block * Lanes);
            double* lanes = Laid(w + 1, block * Lanes, given);
            for (int pivot = w + 1; pivot < _pivots; pivot++, lanes += Lanes)
            {
                Vector256.FusedMultiplyAdd(minus, Vector256.Create(factor[pivot]), Vector256.Load(lanes)).Store(lanes + _laneLength);
            }
        }
    }

    static bool IsShaky(double variance) => variance is > Redundant and < Shaky;

    /// <summary>Closes the gaps that separated pairs left among the lanes, for prefixes up to <paramref name="given"/>.</summary>
    void Compact(int given, int pivots)
    {
        int kept = 0;
        for (int lane = 0; lane < _blocks * Lanes; lane++)
        {
            if ((_alive.Start[lane / Lanes] >> lane % Lanes & 1) != 0)
            {
                int from = _pivotWidth + lane, to = _pivotWidth + kept;
                (_lanes.Start[kept], _entries.Start[kept]) = (_lanes.Start[lane], _entries.Start[lane]);
                for (int w = 0; w < pivots; w++)
                {
                    for (int size = 0; size <= given; size++)
                    {
                        *Laid(w, kept, size) = *Laid(w, lane, size);
                    }
                }

                Move(_c.Start, given + 1, from, to);
                Move(_v.Start, given + 1, from, to);
                kept++;
            }
        }

        Debug.Assert(kept == _open, "Every open pair has a lane.");
        _blocks = (_open + Lanes - 1) / Lanes;
        for (int block = 0; block < _blocks; block++)
        {
            _alive.Start[block] = (1 << Math.Min(Lanes, _open - block * Lanes)) - 1;
        }
    }

    void Move(double* rows, int count, int from, int to)
    {
        for (int i = 0; i < count; i++, rows += _width)
        {
            rows[to] = rows[from];
        }
    }
}
