using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.Diffusion;
using CausalMixFT.Kernels.Tests.Transformer.Oracle;

namespace CausalMixFT.Kernels.Tests.Diffusion;

/// <summary>The stored run of TabDDPM's own code (tests/Data/diffusion/README.md), with the means to repeat it on a device.</summary>
sealed class TabDdpmRun
{
    public const int Rows = 10, Numeric = 3, Labels = 3;

    public static readonly DiffusionColumns Columns = new(Numeric, [2, 3, 5]);

    readonly SafeTensorsFile _file = new("diffusion", "tabddpm");

    public double[] this[string name] => _file[name];

    public DiffusionSchedule Schedule { get; } = DiffusionSchedule.Cosine(Rows);

    public Denoiser Denoiser(ComputeDevice device)
    {
        var denoiser = new Denoiser(
            device, new() { Width = Columns.Width, Labels = Labels, Steps = Rows, Layers = [16, 12], Embedding = 8 });
        foreach (var info in denoiser.Parameters.All)
        {
            denoiser.Parameters.Weight(info.Name).CopyFrom(Floats("w." + info.Name));
        }

        return denoiser;
    }

    /// <summary>The rows at the times 0 … 9.</summary>
    public DiffusionBatch Batch(ComputeDevice device)
    {
        var batch = new DiffusionBatch(device, Columns, Rows);
        batch.Numbers.CopyFrom(Floats("in.x_num"));
        batch.Levels.CopyFrom(Whole("in.x_cat"));
        batch.Labels.CopyFrom(Whole("in.y"));
        batch.Times.CopyFrom([.. Enumerable.Range(0, Rows)]);
        return batch;
    }

    /// <summary>The noise of the numbers, and uniforms that lead to the stored noisy levels.</summary>
    public float[] ForwardDraws() => Draws("in.noise", (row, column) =>
    {
        double alphaBar = Schedule.AlphaBar(row);
        int noisy = Noisy(row, column);
        return noisy == (int)this["in.x_cat"][row * Columns.Categorical + column]
            ? 0.5 * alphaBar
            : alphaBar + (1 - alphaBar) * (noisy + 0.5) / Columns.Levels[column];
    });

    public float[] Draws(string numbers, Func<int, int, double> uniform)
    {
        var draws = new float[Rows * Columns.Draws];
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns.Draws; column++)
            {
                draws[row * Columns.Draws + column] = (float)(column < Numeric
                    ? this[numbers][row * Numeric + column]
                    : uniform(row, column - Numeric));
            }
        }

        return draws;
    }

    public int Noisy(int row, int column) => (int)this["in.x_cat_t"][row * Columns.Categorical + column];

    public float[] Floats(string name) => Array.ConvertAll(this[name], value => (float)value);

    int[] Whole(string name) => Array.ConvertAll(this[name], value => (int)value);
}
