using System.Diagnostics;
using System.Globalization;
using CausalMixFT.Kernels.Devices;
using CausalMixFT.Kernels.LinearAlgebra;
using CommandLine;

namespace CausalMixFT.Benchmarks.Peers;

/// <summary>Times the transformer beside PyTorch, each program and size in turn in a process of its own.</summary>
[Verb("compare-transformer", HelpText = "Time the transformer beside PyTorch (build with -p:Torch=true) and print the table of docs/performance.md.")]
sealed class CompareTransformerCommand
{
    const string Ours = "ours", Torch = "torch";

    // What a process of its own does.
    const string Forward = "forward", Backward = "backward", Recompute = "recompute", Product = "product", Cached = "cached", Check = "check";

    const int ProductSize = 2048;

    // The first word of a process that cannot run its engine; the reason follows.
    const string Unavailable = "unavailable:";

    [Option("only", HelpText = "Only the cases whose name, such as v2:1000+250x10, contains this.")]
    public string Only { get; set; } = "";

    [Option("seconds", Default = 1.0, HelpText = "About how long to run each program, size and turn; a run of two seconds or more is timed once.")]
    public double Seconds { get; set; }

    [Option("turns", Default = 3, HelpText = "How often the programs take turns; sizes whose first turn took over eight seconds have one.")]
    public int Turns { get; set; }

    [Option("threads", HelpText = "Threads of either program. (default: all)")]
    public int? Threads { get; set; }

    [Option("engine", Hidden = true)]
    public string? Engine { get; set; }

    [Option("pass", Hidden = true)]
    public string Pass { get; set; } = "";

    [Option("case", Hidden = true)]
    public string Case { get; set; } = "nano:256+64x10";

    int ThreadCount => Threads ?? Environment.ProcessorCount;

    public void Run()
    {
        if (Engine is null)
        {
            Compare();
            return;
        }

        try
        {
            Console.WriteLine(Measure());
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException or NotSupportedException)
        {
            Console.WriteLine($"{Unavailable} {WhyNot}");
        }
    }

    void Compare()
    {
        var products = (Ours: Start(Ours, Product)!, Torch: Start(Torch, Product));
        bool hasTorch = products.Torch is not null;
        if (hasTorch)
        {
            products = (products.Ours.With(Start(Ours, Product)!), products.Torch!.With(Start(Torch, Product)!));
        }

        double peak = Math.Max(ProductRate(products.Ours), hasTorch ? ProductRate(products.Torch!) : 0);
        Console.WriteLine(
            Line($"Product of {ProductSize}² matrices, {ThreadCount} threads, best: ours {ProductRate(products.Ours):0} GFLOP/s") +
            (hasTorch ? Line($", PyTorch {ProductRate(products.Torch!):0} GFLOP/s") : ""));
        TransformerCase[] cases = [.. TransformerCase.All.Where(@case => @case.ToString().Contains(Only, StringComparison.Ordinal))];
        foreach (string model in cases.Select(@case => @case.Model).Distinct())
        {
            if (hasTorch)
            {
                Console.WriteLine(StartProcess(Torch, Check, TransformerCase.Parse($"{model}:256+64x10")));
            }

            Console.WriteLine(StartProcess(Ours, Cached, TransformerCase.Parse($"{model}:1000+250x10")));
        }

        Console.WriteLine("\n| model, table | pass | GFLOP | ours s, median (best) | GFLOP/s | of peak | PyTorch s, median (best) | GFLOP/s " +
            "| times PyTorch | ours MB | PyTorch MB | share |\n" +
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var @case in cases)
        {
            CompareOn(@case, Forward, [(Ours, Forward)], hasTorch, peak);
            CompareOn(@case, Backward, [(Ours, Backward), (Ours, Recompute)], hasTorch, peak);
        }
    }

    void CompareOn(TransformerCase @case, string pass, (string Engine, string Pass)[] ours, bool hasTorch, double peak)
    {
        (string Engine, string Pass)[] all = hasTorch ? [.. ours, (Torch, pass)] : ours;
        var runs = new Dictionary<(string, string), EngineRun>();
        for (int turn = 0; turn < Turns; turn++)
        {
            foreach (var one in all)
            {
                var run = Start(one.Engine, one.Pass, @case)!;
                runs[one] = runs.TryGetValue(one, out var before) ? before.With(run) : run;
            }

            if (runs.Values.Sum(run => run.Seconds[0]) > 8)
            {
                break;
            }
        }

        var torch = hasTorch ? runs[(Torch, pass)] : null;
        foreach (var one in ours)
        {
            Console.WriteLine(Row(@case, one.Pass, runs[one], torch, peak));
        }
    }

    static string Row(TransformerCase @case, string pass, EngineRun ours, EngineRun? torch, double peak)
    {
        int passes = pass == Forward ? 1 : 3;
        double operations = passes * @case.Operations / 1e9, rate = operations / ours.Median;
        string name = pass switch { Forward => "forward", Backward => "with backward", _ => "with backward, recomputing" };
        string row = Line($"| {@case.Model} {@case.ContextRows:#,0}+{@case.QueryRows:#,0} × {@case.Columns} | {name} | {operations:#,0.0} ") +
            Line($"| {Short(ours.Median)} ({Short(ours.Best)}) | {rate:0} | {rate / peak:0 %} ({rate * @case.OperationsNeeded / @case.Operations / peak:0 %}) ");
        return row + (torch is null
            ? Line($"| | | | {ours.Needed / 1e6:#,0} | | |")
            : Line($"| {Short(torch.Median)} ({Short(torch.Best)}) | {operations / torch.Median:0} | {torch.Median / ours.Median:0.00} ") +
                Line($"| {ours.Needed / 1e6:#,0} | {torch.Needed / 1e6:#,0} | {(double)ours.Needed / torch.Needed:0.00} |"));
    }

    static string Short(double seconds) => seconds.ToString(seconds >= 10 ? "0.0" : seconds >= 1 ? "0.00" : "0.0000", CultureInfo.InvariantCulture);

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    static double ProductRate(EngineRun run) => 2e-9 * ProductSize * ProductSize * ProductSize / run.Best;

    // Null, after one sentence, where the engine cannot run.
    EngineRun? Start(string engine, string pass, TransformerCase? @case = null)
    {
        string answer = StartProcess(engine, pass, @case);
        if (!answer.StartsWith(Unavailable, StringComparison.Ordinal))
        {
            return EngineRun.Parse(answer);
        }

        Console.WriteLine($"PyTorch is left out; {answer[Unavailable.Length..].Trim()}");
        return null;
    }

    string StartProcess(string engine, string pass, TransformerCase? @case)
    {
        string[] arguments =
        [
            "compare-transformer", "--engine", engine, "--pass", pass, "--case", (@case ?? TransformerCase.Parse(Case)).ToString(),
            "--seconds", Seconds.ToString(CultureInfo.InvariantCulture), "--threads", ThreadCount.ToString(CultureInfo.InvariantCulture),
        ];
        string program = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var start = new ProcessStartInfo(program, isHost ? [typeof(Program).Assembly.Location, .. arguments] : arguments)
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;

        // TorchSharp says much before it gives up; the answer is the last line.
        string answer = process.StandardOutput.ReadToEnd().Trim().Split('\n')[^1];
        process.WaitForExit();
        return process.ExitCode == 0 && answer.Length > 0
            ? answer
            : throw new InvalidOperationException($"{engine} {pass} {@case} ended with {process.ExitCode}.");
    }

    string Measure()
    {
        var @case = TransformerCase.Parse(Case);
        return Pass switch
        {
            Product => EngineRun.Of(OpenProduct, OpenProduct, Seconds).ToString(),
            Cached => MeasureCached(@case),
            Check => Difference(@case),
            _ => EngineRun.Of(() => Open(@case.Small), () => Open(@case), Seconds).ToString(),
        };
    }

    (Action Work, IDisposable Owner) Open(TransformerCase @case)
    {
        ITransformerEngine engine = Engine == Ours ? new OurTransformer(@case, ThreadCount, Pass == Recompute) : OpenTorch(@case);
        return (Pass == Forward ? engine.Forward : () => engine.ForwardBackward(), engine);
    }

    (Action Work, IDisposable Owner) OpenProduct()
    {
        if (Engine == Torch)
        {
            return (TorchProduct(), new MemoryStream());
        }

        var device = ComputeDevice.Open(DeviceKind.Cpu, new DeviceOptions { Threads = ThreadCount });
        var product = MatrixMultiply.On(device);
        var storage = device.Allocate<float>(3 * ProductSize * ProductSize);
        storage.Span.Fill(0.5f);
        Tensor Part(int part) => new(storage, part * ProductSize * ProductSize, ProductSize, ProductSize);
        return (() => product.Multiply(Part(0), Part(1), Part(2)), device);
    }

    string MeasureCached(TransformerCase @case)
    {
        using var ours = new OurTransformer(@case, ThreadCount);
        ours.Remember().Dispose();
        var remember = Timing.RunTimes.Of(() => ours.Remember().Dispose(), Seconds);
        using var memory = ours.Remember();
        var predict = Timing.RunTimes.Of(() => ours.PredictRow(memory), Seconds);
        return Line($"{@case.Model}, {@case.ContextRows:#,0} context rows × {@case.Columns}: reading the context takes ") +
            Line($"{1e3 * remember.Median:0} ms (best {1e3 * remember.Best:0}), ") +
            Line($"one row then {1e3 * predict.Median:0.00} ms (best {1e3 * predict.Best:0.00}).");
    }

#if TORCH
    const string WhyNot = "its native library cannot be loaded here: ldd libLibTorchSharp.so, beside the program, says what is missing.";

    TorchTransformer OpenTorch(TransformerCase @case) => new(@case, ThreadCount);

    Action TorchProduct() => TorchTransformer.Product(ProductSize, ThreadCount);

    string Difference(TransformerCase @case)
    {
        using var ours = new OurTransformer(@case, ThreadCount);
        using var torch = new TorchTransformer(@case, ThreadCount);
        var (logits, gradients) = torch.Difference(ours);
        return Line($"{@case.Model}: ours and PyTorch differ by at most {logits:0.0e+0} in a logit ") +
            Line($"and by {gradients:0.0e+0} of a weight's largest gradient in that weight's.");
    }
#else
    const string WhyNot = "it is not built in: add -p:Torch=true.";

    static ITransformerEngine OpenTorch(TransformerCase @case) => throw new NotSupportedException($"{@case}: {WhyNot}");

    static Action TorchProduct() => throw new NotSupportedException(WhyNot);

    static string Difference(TransformerCase @case) => throw new NotSupportedException($"{@case}: {WhyNot}");
#endif
}
