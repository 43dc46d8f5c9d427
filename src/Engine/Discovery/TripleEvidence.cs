using CausalMixFT.Kernels.Independence;

namespace CausalMixFT.Engine.Discovery;

/// <summary>What the sets of neighbours of x, and of z, say about x --- y --- z.</summary>
/// <param name="With">How many of the sets that separate x and z hold y; a set of neighbours of both counts twice, as in pcalg.</param>
/// <param name="Without">How many of them do not.</param>
/// <param name="LargestWith">The largest p-value of x and z given a set with y.</param>
/// <param name="LargestWithout">The largest p-value of x and z given a set without y.</param>
readonly record struct TripleEvidence(int With, int Without, double LargestWith, double LargestWithout)
{
    // Questions in one batch: a few MB of indices, and long enough to fill a GPU.
    const int LargestBatch = 1 << 16;

    /// <summary>Tests x and z given every set of up to <paramref name="maxDepth"/> neighbours of x or of z, for each triple.</summary>
    /// <remarks>
    /// 2^(neighbours) questions a pair without a limit. Each pair is asked about once, whatever it meets in.
    /// </remarks>
    public static (TripleEvidence[] Evidence, long Queries) Gather(
        IReadOnlyList<UnshieldedTriple> triples, int[][] adjacent, IIndependenceTest test, double alpha, int? maxDepth,
        CancellationToken cancellation)
    {
        var evidence = new TripleEvidence[triples.Count];
        var pairs = Enumerable.Range(0, triples.Count)
            .GroupBy(i => (triples[i].X, triples[i].Z))
            .Select(group => (group.Key.X, group.Key.Z, Triples: group.ToArray()))
            .ToArray();
        int deepest = pairs.Select(pair => Math.Max(adjacent[pair.X].Length, adjacent[pair.Z].Length)).DefaultIfEmpty(-1).Max();
        var pValues = Array.Empty<double>();
        long queries = 0;
        for (int depth = 0; depth <= Math.Min(deepest, maxDepth ?? int.MaxValue); depth++)
        {
            var batch = new QueryBatch(depth);
            var asked = new List<(int[] Triples, int Weight)>();
            foreach (var (x, z, own) in pairs)
            {
                foreach (int[] given in Subsets(adjacent[x], depth))
                {
                    Ask(x, z, given, own, IsSubset(given, adjacent[z]) ? 2 : 1);
                }

                foreach (int[] given in Subsets(adjacent[z], depth))
                {
                    if (!IsSubset(given, adjacent[x]))
                    {
                        Ask(x, z, given, own, 1);
                    }
                }
            }

            Answer();

            void Ask(int x, int z, int[] given, int[] own, int weight)
            {
                batch.Add(x, z, given);
                asked.Add((own, weight));
                if (batch.Count >= LargestBatch)
                {
                    Answer();
                }
            }

            void Answer()
            {
                cancellation.ThrowIfCancellationRequested();
                if (pValues.Length < batch.Count)
                {
                    pValues = new double[batch.Count];
                }

                test.PValues(batch, pValues.AsSpan(0, batch.Count));
                for (int query = 0; query < batch.Count; query++)
                {
                    foreach (int triple in asked[query].Triples)
                    {
                        bool holds = batch[query][2..].Contains(triples[triple].Y);
                        evidence[triple] = evidence[triple].Add(holds, pValues[query], pValues[query] >= alpha ? asked[query].Weight : 0);
                    }
                }

                queries += batch.Count;
                batch.Clear();
                asked.Clear();
            }
        }

        return (evidence, queries);
    }

    TripleEvidence Add(bool holdsMiddle, double pValue, int separating) => holdsMiddle
        ? this with { With = With + separating, LargestWith = Math.Max(LargestWith, pValue) }
        : this with { Without = Without + separating, LargestWithout = Math.Max(LargestWithout, pValue) };

    // In lexicographic order; the array is the caller's until the next one is asked for.
    static IEnumerable<int[]> Subsets(int[] of, int size)
    {
        if (size > of.Length)
        {
            yield break;
        }

        int[] places = [.. Enumerable.Range(0, size)], subset = new int[size];
        while (true)
        {
            for (int i = 0; i < size; i++)
            {
                subset[i] = of[places[i]];
            }

            yield return subset;
            int last = size - 1;
            while (last >= 0 && places[last] == of.Length - size + last)
            {
                last--;
            }

            if (last < 0)
            {
                yield break;
            }

            places[last]++;
            for (int i = last + 1; i < size; i++)
            {
                places[i] = places[i - 1] + 1;
            }
        }
    }

    static bool IsSubset(int[] given, int[] neighbours)
    {
        foreach (int node in given)
        {
            if (Array.BinarySearch(neighbours, node) < 0)
            {
                return false;
            }
        }

        return true;
    }
}
