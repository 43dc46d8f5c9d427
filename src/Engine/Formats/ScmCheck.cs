using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Formats;

/// <summary>What the sampler relies on, so that a forged scm.json cannot make it read outside a table.</summary>
static class ScmCheck
{
    /// <summary>Holds a node against its support, its parents and the other nodes.</summary>
    /// <exception cref="FormatException">Something does not hold together.</exception>
    public static void Check(ScmNode node, ScmNode[] nodes)
    {
        string name = node.Name;
        int index = Array.FindIndex(nodes, other => ReferenceEquals(other, node));
        Require(node.Decimals is >= 0 and <= 400, name, $"{node.Decimals} decimals");
        Require(node.MissingShare is >= 0 and <= 1, name, $"a missing share of {node.MissingShare}");
        Require(IsMask(node.Missing), name, "a mask that does not fit what it depends on");
        Require(node.Kind != ColumnKind.Boolean || node.Levels.Count == 2, name, "a Boolean kind without two levels");
        Require(node.IsDiscrete || node.Levels.Count == 0, name, "levels although it holds numbers");
        switch (node.Support)
        {
            case ValueList list:
                Require(IsAscending(list.Values, strictly: true), name, "values that do not ascend");
                Require(
                    !node.IsDiscrete || list.Values.All(v => v >= 0 && v < node.Levels.Count && v == Math.Floor(v)),
                    name, "a value that is no level");
                Require(
                    node.IsDiscrete ? list.Features is null : list.Features?.Length == list.Values.Length,
                    name, "features that do not match its values");
                Require(
                    list.Standardised is null || (!node.IsDiscrete && list.Standardised.Length == list.Values.Length),
                    name, "standardised values that do not match its values");
                break;
            case ValueRange range:
                Require(!node.IsDiscrete, name, "a range although its kind is discrete");
                Require(range.Min <= range.Max && range.Grid >= 0 && range.Spread > 0, name, "an impossible range");
                Require(range.Grid == 0 || node.Decimals <= 15, name, "a grid beyond 15 decimals");
                Require(range.Curve is null || IsCurve(range.Curve), name, "a curve that does not ascend");
                break;
        }

        Require(IsMechanism(node.Mechanism), name, "a mechanism that does not fit its values or parents");

        bool IsMechanism(ICausalMechanism mechanism) => (mechanism, node.Support) switch
        {
            (EmpiricalDistribution m, ValueList s) => m.Counts.Length == s.Values.Length && m.Counts.All(c => c > 0)
                && m.Counts.Sum(c => (long)c) <= Array.MaxLength,
            (SmoothedDistribution m, ValueRange) => IsCurve(m.Quantiles),
            (CategoricalMechanism { Predictor: { Trees: not null, Outputs: 1 } } m, ValueList { Values.Length: 2 }) =>
                IsValid(m.Predictor, 1),
            (CategoricalMechanism m, ValueList s) => IsValid(m.Predictor, s.Values.Length),
            (AdditiveNoiseModel m, ValueRange) => IsNoisy(m.Predictor, m.Fitted, m.Residuals, m.Scale),
            (PostNonlinearModel { Link: null } m, ValueList s) => IsNoisy(m.Predictor, m.Fitted, m.Residuals, m.Scale)
                && s.Values.Length > 1
                && m.Thresholds?.Length == s.Values.Length - 1 && IsAscending(m.Thresholds, strictly: false),
            (PostNonlinearModel { Thresholds: null, Link: not null } m, ValueRange) =>
                IsNoisy(m.Predictor, m.Fitted, m.Residuals, m.Scale) && IsCurve(m.Link),
            (TwoPartModel { Body: AdditiveNoiseModel or PostNonlinearModel } m, ValueList s) =>
                IsValid(m.Gate, 1) && Array.BinarySearch(s.Values, m.Atom) >= 0 && IsMechanism(m.Body),
            (TwoPartModel { Body: AdditiveNoiseModel or PostNonlinearModel } m, ValueRange s) =>
                IsValid(m.Gate, 1) && m.Atom >= s.Min && m.Atom <= s.Max && IsMechanism(m.Body),
            _ => false,
        };

        bool IsNoisy(Predictor predictor, FittedRange fitted, double[] residuals, NoiseScale? scale) =>
            IsValid(predictor, 1) && fitted.Min <= fitted.Max && residuals.Length > 0
            && (scale is null || (IsValid(scale.LogScale, 1) && scale.Fitted.Min <= scale.Fitted.Max));

        bool IsValid(Predictor predictor, int outputs) =>
            IsPredictor(predictor, outputs, [.. node.Parents.Select(parent => Cause.Of(nodes[parent]))]);

        bool IsMask(MissingMask mask) =>
            mask.Causes.All(cause => cause.Node >= 0 && cause.Node < nodes.Length
                && (cause.IsMask
                    ? cause.Node < index && nodes[cause.Node].Missing.Gate is not null
                    : cause.Node != index))
            && (mask.Gate is null || IsPredictor(
                mask.Gate, 1,
                [.. mask.Causes.Select(cause => cause.IsMask ? new Cause(2, true) : Cause.Of(nodes[cause.Node]))]));
    }

    // What a predictor may read of something: how many codes it has, if any, and whether these are names.
    readonly record struct Cause(int? Codes, bool IsDiscrete, bool HasRaw = false)
    {
        public static Cause Of(ScmNode node) => new(
            (node.Support as ValueList)?.Values.Length, node.IsDiscrete,
            node.Support is ValueRange or ValueList { Standardised: not null });
    }

    static bool IsPredictor(Predictor predictor, int outputs, Cause[] causes)
    {
        return outputs > 0 && predictor.Outputs == outputs && predictor.Intercepts.Length == outputs
            && predictor.Terms.All(IsTerm) && (predictor.Trees is null || (predictor.Trees.Features == causes.Length
                && predictor.Trees.Trees.All(tree => tree.Splits.All(IsSplit))));

        bool IsTerm(PredictorTerm term) =>
            IsCause(term.Parent) && IsCause(term.Second) && (!term.IsRaw || causes[term.Parent].HasRaw) && term.Basis switch
            {
                Basis.Lookup => HasWeights(term, causes[term.Parent]),
                Basis.Slope => !causes[term.Parent].IsDiscrete && HasWeights(term, causes[term.Second]),
                _ => term.Weights.Length == outputs && !causes[term.Parent].IsDiscrete && !causes[term.Second].IsDiscrete,
            };

        bool HasWeights(PredictorTerm term, Cause codes) =>
            codes.Codes is > 0 and int count && term.Weights.Length == (long)outputs * count;

        bool IsSplit(TreeSplit split) => causes[split.Feature].IsDiscrete
            ? split.LeftCodes is { } codes && codes.All(code => code < causes[split.Feature].Codes)
            : split.LeftCodes is null;

        bool IsCause(int place) => place >= 0 && place < causes.Length;
    }

    static bool IsCurve(Curve curve) => curve.At.Length > 0 && curve.At.Length == curve.To.Length
        && IsAscending(curve.At, strictly: false) && IsAscending(curve.To, strictly: false);

    static bool IsAscending(double[] values, bool strictly) =>
        values.Zip(values.Skip(1)).All(pair => strictly ? pair.First < pair.Second : pair.First <= pair.Second);

    public static void Require(bool holds, string name, string fault)
    {
        if (!holds)
        {
            throw new FormatException($"node '{name}' has {fault}");
        }
    }
}
