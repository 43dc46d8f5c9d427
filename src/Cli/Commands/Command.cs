using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Models;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Devices;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

/// <summary>Which device to compute on.</summary>
enum DeviceChoice
{
    /// <summary>A CUDA GPU if this machine has one, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>A CUDA GPU.</summary>
    Cuda,

    /// <summary>The GPU's kernels on the CPU: very slow, for finding faults.</summary>
    Emulated,
}

/// <summary>One command: its options are its properties, and it parses, calls the engine once, and writes.</summary>
abstract class Command
{
    [Option("seed", Default = 1UL, HelpText = "Seeds everything that is drawn; the same seed gives the same results.")]
    public ulong Seed { get; set; }

    [Option("threads", HelpText = "CPU threads to use. (default: all)")]
    public int? Threads { get; set; }

    [Option("device", Default = DeviceChoice.Auto, HelpText = "Where to compute; auto is cuda if there is one, else cpu.")]
    public DeviceChoice Device { get; set; }

    [Option("blas", MetaValue = "NAME", HelpText = "Multiply matrices on the CPU with mkl, openblas, blis, or a library's file. (default: the built-in product)")]
    public string? Blas { get; set; }

    [Option("precision", Default = ProductPrecision.Full, HelpText = "What a CUDA device's matrix products are computed in where cuBLAS multiplies; the device's line tells. Sums stay in single precision, and other devices know only full.")]
    public ProductPrecision Precision { get; set; }

    // Arguments that no option and no place takes would otherwise be dropped in silence.
    [Value(9, Hidden = true)]
    public IEnumerable<string> Rest { get; set; } = [];

    /// <summary>The command line that it was given.</summary>
    public IReadOnlyList<string> Args { get; set; } = [];

    /// <summary>A command line that works.</summary>
    public abstract string Example { get; }

    /// <summary>Where results go: a folder, a file, or null for nowhere.</summary>
    public virtual string? Results => null;

    /// <summary>What is true after Ctrl-C.</summary>
    public virtual string AfterStop => "nothing was written.";

    /// <summary>Does the work.</summary>
    public abstract void Run(Terminal terminal);

    /// <summary>Complains about arguments that belong nowhere.</summary>
    public void CheckRest()
    {
        if (Rest.FirstOrDefault() is string stray)
        {
            throw new InputException(
                $"'{stray}' on the command line belongs to no option; separate several names by commas, and quote names that hold spaces.");
        }
    }

    /// <summary>The command line as a shell takes it.</summary>
    public static string Line(IEnumerable<string> args) => string.Join(' ', args.Prepend("causalmixft").Select(Quoted));

    /// <summary>Opens the device that was asked for and says which it is.</summary>
    protected ComputeDevice OpenDevice(Terminal terminal)
    {
        Check(Threads is null or > 0, "threads", Threads, "a number from 1 on");
        var kind = Device switch
        {
            DeviceChoice.Auto => ComputeDevice.Available()[0],
            DeviceChoice.Cpu => DeviceKind.Cpu,
            DeviceChoice.Cuda => DeviceKind.Cuda,
            _ => DeviceKind.Emulated,
        };
        if (Blas is not null && kind != DeviceKind.Cpu)
        {
            throw new InputException($"--blas is '{Blas}', a library for the CPU, but the device is {kind}; add --device cpu or leave --blas out.");
        }

        if (Precision != ProductPrecision.Full && kind != DeviceKind.Cuda)
        {
            throw new InputException(
                $"--precision is {Precision.ToString().ToLowerInvariant()}, which only a CUDA device can do, but the device is {kind}; add --device cuda or leave --precision out.");
        }

        var device = ComputeDevice.Open(kind, new DeviceOptions { Threads = Threads, Blas = Blas, Precision = Precision });
        terminal.Say($"Device: {device.Name}");
        return device;
    }

    /// <summary>Reads the model that was named, or else the one that comes with the program; it must be a classifier.</summary>
    protected static TabularModel LoadModel(string? file)
    {
        var model = LoadAnyModel(file);
        return model.Traits.Task == ModelTask.Classification ? model : throw new InputException(
            $"{file}: this model predicts numbers, and classes are to be predicted; give a classifier with --model.");
    }

    /// <summary>Reads the model that was named, or else the one that comes with the program, whatever it predicts.</summary>
    protected static TabularModel LoadAnyModel(string? file) => file is null ? ShippedModel.Load() : ModelFile.Read(file);

    /// <summary>The format of a graph that an option names, or null where it was not given.</summary>
    protected static GraphFormat? FormatNamed(string option, string? word) => word is null ? null : GraphFormats.Named(word) ?? throw new InputException(
        $"--{option} is '{word}', but {string.Join(", ", GraphFormats.Names)} are the formats there are.");

    /// <summary>Complains about an option's value.</summary>
    protected static void Check(bool good, string option, object? value, string expected)
    {
        if (!good)
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture, $"--{option} is {value}, but {expected} was expected."));
        }
    }

    static string Quoted(string arg) =>
        arg.Length > 0 && arg.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./=,:+@%".Contains(letter, StringComparison.Ordinal))
            ? arg : $"'{arg.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
