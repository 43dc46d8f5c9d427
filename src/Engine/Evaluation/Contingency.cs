namespace CausalMixFT.Engine.Evaluation;

/// <summary>Joint tables of two columns of cells.</summary>
static class Contingency
{
    // 16 MiB of counts; sparser tables are counted in a dictionary.
    const long MostDense = 1 << 21;

    /// <summary>1 − the total variation between the joint distributions of real and of synthetic rows.</summary>
    public static double Similarity(int[] realA, int[] realB, int[] syntheticA, int[] syntheticB)
    {
        int width = 1 + Math.Max(realB.Max(), syntheticB.Max());
        long cells = (1L + Math.Max(realA.Max(), syntheticA.Max())) * width;
        double total = 0;
        if (cells <= MostDense)
        {
            var counts = new (int Real, int Synthetic)[cells];
            for (int row = 0; row < realA.Length; row++)
            {
                counts[realA[row] * width + realB[row]].Real++;
            }

            for (int row = 0; row < syntheticA.Length; row++)
            {
                counts[syntheticA[row] * width + syntheticB[row]].Synthetic++;
            }

            foreach (var (real, synthetic) in counts)
            {
                total += Math.Abs((double)real / realA.Length - (double)synthetic / syntheticA.Length);
            }

            return 1 - total / 2;
        }

        var sparse = new Dictionary<(int, int), (int Real, int Synthetic)>();
        for (int row = 0; row < realA.Length; row++)
        {
            var (real, synthetic) = sparse.GetValueOrDefault((realA[row], realB[row]));
            sparse[(realA[row], realB[row])] = (real + 1, synthetic);
        }

        for (int row = 0; row < syntheticA.Length; row++)
        {
            var (real, synthetic) = sparse.GetValueOrDefault((syntheticA[row], syntheticB[row]));
            sparse[(syntheticA[row], syntheticB[row])] = (real, synthetic + 1);
        }

        // A dictionary that nothing is removed from lists its entries as they came.
        foreach (var (real, synthetic) in sparse.Values)
        {
            total += Math.Abs((double)real / realA.Length - (double)synthetic / syntheticA.Length);
        }

        return 1 - total / 2;
    }
}
