using System.Text.Json;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Formats;

/// <summary>Reads and writes scm.json: a fitted structural causal model.</summary>
/// <remarks>
/// One JSON object:
/// <code>
/// { "magic": "causalmixft.scm", "version": 2,
///   "nodes": [ {                              in the table's column order
///     "name", "kind",                         Numeric, Integer, Date, Boolean or Categorical
///     "levels": [text …], "decimals",
///     "parents": [place of a node …],
///     "missing": { "share", "causes": [ { "node", "of": "value" or "mask" } … ], "gate": { "predictor": P } or null },
///     "values": [number …],                   either a list of values (level places, or numbers, ascending)
///     "features": [number …] or null,           what children see of each number,
///     "standardised": [number …] or null,         and the numbers standardised where that is ranks
///     "range": { "min", "max", "grid", "centre", "spread", "curve": { "at": […], "to": […] } or null },   or an interval
///     "mechanism":
///       { "type": "empirical", "counts": [ … ] }
///       { "type": "smoothed", "quantiles": { "at": […], "to": […] } }
///       { "type": "categorical", "predictor": P }
///       { "type": "additive", "predictor": P, "fitted": [min, max], "residuals": [ … ],
///         "scale": { "predictor": P, "fitted" } or null }
///       { "type": "postNonlinear", "predictor": P, "fitted", "residuals", "scale", "thresholds": [ … ] or "link": { "at", "to" } }
///       { "type": "twoPart", "atom", "gate": { "predictor": P }, "body": one of the two before },
///     "fit": { "rows", "basis", "loss", "nullLoss", "residualDeviation", "outOfFoldDeviation", "inSampleDeviation",
///              "note", "candidates": [ { "name", "loss", "standardError" } … ] } } … ] }
/// P = { "intercepts": [ … ], "terms": [ { "basis", "parent", "second", "knot", "raw", "weights": [ … ] } … ] }
///     or { "trees": T }, T as <see cref="TreeModelJson"/> has it
/// </code>
/// Several models, of an ensemble of graphs, are <c>"models": [ { "nodes": [ … ] } … ]</c> in place of <c>"nodes"</c>.
/// Numbers are written so that they read back as the same double: a model that was read samples the same bits.
/// </remarks>
public static class ScmJson
{
    const string Magic = "causalmixft.scm";
    const int Version = 2;

    /// <summary>Writes a model.</summary>
    /// <exception cref="InputException">A mechanism is a <see cref="CustomMechanism"/>, which is code.</exception>
    public static void Write(string path, StructuralCausalModel scm) => Write(path, [scm]);

    /// <summary>Writes the models of an ensemble, one or more, of the same columns.</summary>
    /// <exception cref="InputException">A mechanism is a <see cref="CustomMechanism"/>, which is code.</exception>
    public static void Write(string path, IReadOnlyList<StructuralCausalModel> ensemble)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        AtomicFile.Write(path, stream => Write(stream, ensemble));
    }

    static void Write(Stream stream, IReadOnlyList<StructuralCausalModel> ensemble)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("magic", Magic);
        json.WriteNumber("version", Version);
        if (ensemble.Count == 1)
        {
            WriteNodes(json, ensemble[0]);
        }
        else
        {
            json.WriteStartArray("models");
            foreach (var scm in ensemble)
            {
                json.WriteStartObject();
                WriteNodes(json, scm);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    static void WriteNodes(Utf8JsonWriter json, StructuralCausalModel scm)
    {
        json.WriteStartArray("nodes");
        foreach (var node in scm.Nodes)
        {
            Write(json, node);
        }

        json.WriteEndArray();
    }

    /// <summary>Reads a model.</summary>
    /// <exception cref="InputException">
    /// The file is missing, is no model, holds several, or does not hold together.
    /// </exception>
    public static StructuralCausalModel Read(string path) => ReadEnsemble(path) is [var scm]
        ? scm
        : throw new InputException($"The model file '{path}' holds an ensemble of models, but one model was expected.");

    /// <summary>Reads the models of an ensemble: one where the file holds a single model.</summary>
    /// <exception cref="InputException">The file is missing, is no model, or does not hold together.</exception>
    public static IReadOnlyList<StructuralCausalModel> ReadEnsemble(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return Models(document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"The model file '{path}' cannot be read: {e.Message}");
        }
        catch (JsonException e)
        {
            throw new InputException(
                $"The model file '{path}' is no JSON at line {e.LineNumber + 1}; "
                + "give a scm.json that 'causalmixft fit' wrote.");
        }
        catch (Exception e)
            when (e is FormatException or InvalidOperationException or KeyNotFoundException or InputException)
        {
            throw new InputException(
                $"The model file '{path}' is not usable: {e.Message.TrimEnd('.')}; "
                + "give a scm.json that 'causalmixft fit' wrote.");
        }
    }

    static void Write(Utf8JsonWriter json, ScmNode node)
    {
        json.WriteStartObject();
        json.WriteString("name", node.Name);
        json.WriteString("kind", node.Kind.ToString());
        json.WriteStartArray("levels");
        foreach (string level in node.Levels)
        {
            json.WriteStringValue(level);
        }

        json.WriteEndArray();
        json.WriteNumber("decimals", node.Decimals);
        Write(json, "parents", node.Parents);
        Write(json, node.Missing);
        if (node.Support is ValueList list)
        {
            Write(json, "values", list.Values);
            Write(json, "features", list.Features);
            Write(json, "standardised", list.Standardised);
        }
        else if (node.Support is ValueRange range)
        {
            json.WriteStartObject("range");
            json.WriteNumber("min", range.Min);
            json.WriteNumber("max", range.Max);
            json.WriteNumber("grid", range.Grid);
            json.WriteNumber("centre", range.Centre);
            json.WriteNumber("spread", range.Spread);
            Write(json, "curve", range.Curve);
            json.WriteEndObject();
        }

        Write(json, "mechanism", node.Mechanism);
        json.WriteStartObject("fit");
        json.WriteNumber("rows", node.Fit.Rows);
        json.WriteString("basis", node.Fit.Basis);
        json.WriteNumber("loss", node.Fit.Loss);
        json.WriteNumber("nullLoss", node.Fit.NullLoss);
        json.WriteNumber("residualDeviation", node.Fit.ResidualDeviation);
        json.WriteNumber("outOfFoldDeviation", node.Fit.OutOfFoldDeviation);
        json.WriteNumber("inSampleDeviation", node.Fit.InSampleDeviation);
        json.WriteString("note", node.Fit.Note);
        json.WriteStartArray("candidates");
        foreach (var candidate in node.Fit.Candidates)
        {
            json.WriteStartObject();
            json.WriteString("name", candidate.Name);
            json.WriteNumber("loss", candidate.Loss);
            json.WriteNumber("standardError", candidate.StandardError);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, string name, ICausalMechanism mechanism)
    {
        json.WriteStartObject(name);
        json.WriteString("type", mechanism.Name);
        switch (mechanism)
        {
            case EmpiricalDistribution empirical:
                Write(json, "counts", empirical.Counts);
                break;
            case CategoricalMechanism categorical:
                Write(json, categorical.Predictor);
                break;
            case AdditiveNoiseModel additive:
                Write(json, additive.Predictor);
                Write(json, "fitted", [additive.Fitted.Min, additive.Fitted.Max]);
                Write(json, "residuals", additive.Residuals);
                Write(json, additive.Scale);
                break;
            case SmoothedDistribution smoothed:
                Write(json, "quantiles", smoothed.Quantiles);
                break;
            case PostNonlinearModel linked:
                Write(json, linked.Predictor);
                Write(json, "fitted", [linked.Fitted.Min, linked.Fitted.Max]);
                Write(json, "residuals", linked.Residuals);
                Write(json, linked.Scale);
                Write(json, "thresholds", linked.Thresholds);
                Write(json, "link", linked.Link);
                break;
            case TwoPartModel twoPart:
                json.WriteNumber("atom", twoPart.Atom);
                json.WriteStartObject("gate");
                Write(json, twoPart.Gate);
                json.WriteEndObject();
                Write(json, "body", twoPart.Body);
                break;
            default:
                throw new InputException(
                    $"The mechanism '{mechanism.Name}' is code, and a model's file holds data only: put it into the model "
                    + "that was read, with StructuralCausalModel.With.");
        }

        json.WriteEndObject();
    }

    static StructuralCausalModel[] Models(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("magic", out var magic)
            || magic.ValueKind != JsonValueKind.String || magic.GetString() != Magic)
        {
            throw new FormatException($"it does not begin with the magic \"{Magic}\"");
        }

        int version = root.GetProperty("version").GetInt32();
        if (version != Version)
        {
            throw new FormatException($"it has version {version} and this program reads version {Version}");
        }

        if (!root.TryGetProperty("models", out var models))
        {
            return [Model(root)];
        }

        StructuralCausalModel[] ensemble = [.. models.EnumerateArray().Select(Model)];
        if (ensemble.Length == 0 || ensemble.Any(scm => !SameColumns(scm, ensemble[0])))
        {
            throw new FormatException("its models are none, or differ in their columns");
        }

        return ensemble;

        static bool SameColumns(StructuralCausalModel a, StructuralCausalModel b) =>
            a.Nodes.Select(node => (node.Name, node.Kind)).SequenceEqual(b.Nodes.Select(node => (node.Name, node.Kind)))
            && a.Nodes.Zip(b.Nodes).All(pair => pair.First.Levels.SequenceEqual(pair.Second.Levels));
    }

    static StructuralCausalModel Model(JsonElement model)
    {
        JsonElement[] elements = [.. model.GetProperty("nodes").EnumerateArray()];
        ScmNode[] nodes = [.. elements.Select((element, i) => Node(element, i, elements.Length))];
        if (nodes.Length == 0)
        {
            throw new FormatException("it has no nodes");
        }

        if (nodes.Select(node => node.Name).Distinct().Count() < nodes.Length)
        {
            throw new FormatException("two nodes have one name");
        }

        // Building the model finds cycles; only then can terms be checked against their parents' supports.
        var scm = new StructuralCausalModel(nodes);
        foreach (var node in nodes)
        {
            ScmCheck.Check(node, nodes);
        }

        return scm;
    }

    static ScmNode Node(JsonElement element, int index, int count)
    {
        string name = Text(element, "name");
        if (!Enum.TryParse<ColumnKind>(Text(element, "kind"), out var kind) || !Enum.IsDefined(kind))
        {
            throw new FormatException($"node '{name}' has the unknown kind '{Text(element, "kind")}'");
        }

        string[] levels = [.. element.GetProperty("levels").EnumerateArray().Select(level => level.GetString() ?? "")];
        int[] parents = Integers(element, "parents");
        ScmCheck.Require(parents.All(p => p >= 0 && p < count && p != index), name, "a parent that is no other node");
        ScmCheck.Require(parents.Distinct().Count() == parents.Length, name, "one parent twice");
        Support support = element.TryGetProperty("values", out _)
            ? new ValueList(Numbers(element, "values")!, Numbers(element, "features"), Numbers(element, "standardised"))
            : Range(element.GetProperty("range"));
        var mechanism = element.GetProperty("mechanism");
        var fit = element.GetProperty("fit");
        return new(
            name,
            kind,
            levels,
            element.GetProperty("decimals").GetInt32(),
            parents,
            Missing(element.GetProperty("missing")),
            support,
            Mechanism(mechanism, name),
            new(
                fit.GetProperty("rows").GetInt32(), Text(fit, "basis"), Number(fit, "loss"), Number(fit, "nullLoss"),
                Number(fit, "residualDeviation"), Number(fit, "outOfFoldDeviation"),
                Number(fit, "inSampleDeviation"), Text(fit, "note"),
                [.. fit.GetProperty("candidates").EnumerateArray().Select(candidate => new CandidateScore(
                    Text(candidate, "name"), Number(candidate, "loss"), Number(candidate, "standardError")))]));
    }

    static MissingMask Missing(JsonElement element)
    {
        var gate = element.GetProperty("gate");
        return new(
            Number(element, "share"),
            [.. element.GetProperty("causes").EnumerateArray().Select(cause => new MaskCause(
                cause.GetProperty("node").GetInt32(), Text(cause, "of") switch
                {
                    "value" => false,
                    "mask" => true,
                    string other => throw new FormatException($"a mask depends on the unknown '{other}' of a node"),
                }))],
            gate.ValueKind == JsonValueKind.Null ? null : ReadPredictor(gate));
    }

    static NoiseScale? Scale(JsonElement mechanism)
    {
        var scale = mechanism.GetProperty("scale");
        return scale.ValueKind == JsonValueKind.Null ? null : new(ReadPredictor(scale), Fitted(scale));
    }

    static ICausalMechanism Mechanism(JsonElement element, string name)
    {
        string type = Text(element, "type");
        return type switch
        {
            "empirical" => new EmpiricalDistribution(Integers(element, "counts")),
            "categorical" => new CategoricalMechanism(ReadPredictor(element)),
            "additive" => new AdditiveNoiseModel(
                ReadPredictor(element), Fitted(element), Numbers(element, "residuals") ?? [], Scale(element)),
            "smoothed" => new SmoothedDistribution(
                ReadCurve(element, "quantiles") ?? throw new FormatException($"node '{name}' has no quantiles")),
            "postNonlinear" => new PostNonlinearModel(
                ReadPredictor(element), Fitted(element), Numbers(element, "residuals") ?? [],
                Numbers(element, "thresholds"), ReadCurve(element, "link"), Scale(element)),
            "twoPart" => new TwoPartModel(
                Number(element, "atom"), ReadPredictor(element.GetProperty("gate")),
                Mechanism(element.GetProperty("body"), name)),
            _ => throw new FormatException($"node '{name}' has the unknown mechanism '{type}'"),
        };
    }

    static ValueRange Range(JsonElement element) => new(
        Number(element, "min"), Number(element, "max"), Number(element, "grid"), Number(element, "centre"),
        Number(element, "spread"), ReadCurve(element, "curve"));

    static void Write(Utf8JsonWriter json, string name, Curve? curve)
    {
        if (curve is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        Write(json, "at", curve.At);
        Write(json, "to", curve.To);
        json.WriteEndObject();
    }

    static Curve? ReadCurve(JsonElement element, string name)
    {
        var curve = element.GetProperty(name);
        return curve.ValueKind == JsonValueKind.Null ? null : new(Numbers(curve, "at") ?? [], Numbers(curve, "to") ?? []);
    }

    static void Write(Utf8JsonWriter json, MissingMask mask)
    {
        json.WriteStartObject("missing");
        json.WriteNumber("share", mask.Share);
        json.WriteStartArray("causes");
        foreach (var cause in mask.Causes)
        {
            json.WriteStartObject();
            json.WriteNumber("node", cause.Node);
            json.WriteString("of", cause.IsMask ? "mask" : "value");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (mask.Gate is null)
        {
            json.WriteNull("gate");
        }
        else
        {
            json.WriteStartObject("gate");
            Write(json, mask.Gate);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, NoiseScale? scale)
    {
        if (scale is null)
        {
            json.WriteNull("scale");
            return;
        }

        json.WriteStartObject("scale");
        Write(json, scale.LogScale);
        Write(json, "fitted", [scale.Fitted.Min, scale.Fitted.Max]);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, Predictor predictor)
    {
        json.WriteStartObject("predictor");
        if (predictor.Trees is not null)
        {
            TreeModelJson.Write(json, "trees", predictor.Trees);
            json.WriteEndObject();
            return;
        }

        Write(json, "intercepts", predictor.Intercepts);
        json.WriteStartArray("terms");
        foreach (var term in predictor.Terms)
        {
            json.WriteStartObject();
            json.WriteString("basis", term.Basis.ToString());
            json.WriteNumber("parent", term.Parent);
            json.WriteNumber("second", term.Second);
            json.WriteNumber("knot", term.Knot);
            json.WriteBoolean("raw", term.IsRaw);
            Write(json, "weights", term.Weights);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static Predictor ReadPredictor(JsonElement mechanism)
    {
        var predictor = mechanism.GetProperty("predictor");
        if (predictor.TryGetProperty("trees", out var trees))
        {
            return Predictor.Of(TreeModelJson.Read(trees));
        }

        return new(
            Numbers(predictor, "intercepts") ?? [],
            [.. predictor.GetProperty("terms").EnumerateArray().Select(term =>
                Enum.TryParse<Basis>(Text(term, "basis"), out var basis) && Enum.IsDefined(basis)
                    ? new PredictorTerm(
                        basis, term.GetProperty("parent").GetInt32(), term.GetProperty("second").GetInt32(),
                        Number(term, "knot"), Numbers(term, "weights") ?? [], term.GetProperty("raw").GetBoolean())
                    : throw new FormatException($"a term has the unknown basis '{Text(term, "basis")}'"))]);
    }

    static void Write(Utf8JsonWriter json, string name, double[]? values)
    {
        if (values is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartArray(name);
        foreach (double value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, string name, IEnumerable<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is null");

    static double Number(JsonElement element, string name) => Finite(element.GetProperty(name), name);

    static FittedRange Fitted(JsonElement mechanism) => Numbers(mechanism, "fitted") is [var min, var max]
        ? new(min, max)
        : throw new FormatException("'fitted' is no pair of numbers");

    static double[]? Numbers(JsonElement element, string name)
    {
        var array = element.GetProperty(name);
        return array.ValueKind == JsonValueKind.Null
            ? null
            : [.. array.EnumerateArray().Select(value => Finite(value, name))];
    }

    static int[] Integers(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];

    // 1e999 is a JSON number and no double.
    static double Finite(JsonElement value, string name)
    {
        double number = value.GetDouble();
        return double.IsFinite(number)
            ? number
            : throw new FormatException($"'{name}' holds {value.GetRawText()}, which is beyond a double");
    }
}
