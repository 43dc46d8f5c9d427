using System.Globalization;
using CausalMixFT.Engine.Formats;
using CausalMixFT.Engine.Pretraining;
using CausalMixFT.Kernels.Transformer;
using CommandLine;

namespace CausalMixFT.Cli.Commands;

[Verb("pretrain", HelpText = "Train a model from nothing, on tables drawn from random structural causal models.")]
sealed class PretrainCommand : Command
{
    [Option("out", Required = true, MetaValue = "DIR", HelpText = "Where model.safetensors, its log and checkpoints go; the same command continues there.")]
    public string Out { get; set; } = "";

    [Option("steps", Default = 6000, HelpText = "Optimiser steps; each is one batch of tables.")]
    public int Steps { get; set; }

    [Option("tokens", Default = 16_000, HelpText = "Cells in a batch.")]
    public int Tokens { get; set; }

    [Option("learning-rate", Default = 1e-3f, HelpText = "The largest learning rate.")]
    public float LearningRate { get; set; }

    [Option("width", Default = 96, HelpText = "Elements of a token.")]
    public int Width { get; set; }

    [Option("heads", Default = 4, HelpText = "Attention heads; they divide the width.")]
    public int Heads { get; set; }

    [Option("hidden", Default = 192, HelpText = "Hidden elements of each layer's perceptron.")]
    public int Hidden { get; set; }

    [Option("layers", Default = 3, HelpText = "Layers.")]
    public int Layers { get; set; }

    [Option("check-every", Default = 250, HelpText = "Steps between checks on held-out tables, when files are written.")]
    public int CheckEvery { get; set; }

    public override string Example => "causalmixft pretrain --steps 6000 --out runs/pretrain";

    public override string Results => Out;

    public override string AfterStop => "the same command continues from the last check.";

    /// <summary>The options as the engine takes them.</summary>
    internal PretrainOptions Options()
    {
        Check(Steps >= 1, "steps", Steps, "a number from 1 on");
        Check(Tokens >= 1000, "tokens", Tokens, "a number from 1000 on");
        Check(LearningRate is > 0 and < 1, "learning-rate", LearningRate, "a number between 0 and 1");
        Check(Width is >= 1 and <= 4096, "width", Width, "a number from 1 to 4096");
        Check(Heads >= 1 && Width % Heads == 0, "heads", Heads, $"a divisor of the width {Width}");
        Check(Hidden is >= 1 and <= 4096, "hidden", Hidden, "a number from 1 to 4096");
        Check(Layers is >= 1 and <= 100, "layers", Layers, "a number from 1 to 100");
        Check(CheckEvery >= 1, "check-every", CheckEvery, "a number from 1 on");
        return new()
        {
            Model = new TransformerConfig { Width = Width, Heads = Heads, Hidden = Hidden, Layers = Layers },
            Seed = Seed,
            Steps = Steps,
            TokensPerStep = Tokens,
            LearningRate = LearningRate,
            CheckEvery = CheckEvery,
        };
    }

    public override void Run(Terminal terminal)
    {
        var options = Options();
        OutputPlace.CheckFolder(Out);
        using var device = OpenDevice(terminal);
        terminal.Say($"Seed: {Seed}");
        terminal.Stage("Pre-train", told => PretrainRun.Run(
            device, options, Out,
            check => terminal.Say(string.Create(CultureInfo.InvariantCulture,
                $"step {check.Step}: loss {check.TrainLoss:0.0000}, held out {check.HeldOutLoss:0.0000} (shares alone {check.HeldOutEntropy:0.0000}), accuracy {check.HeldOutAccuracy:0.000}, {check.Seconds:0} s")),
            told, terminal.Cancellation));
        terminal.Say($"Model: {Path.Combine(Out, "model.safetensors")}");
    }
}
