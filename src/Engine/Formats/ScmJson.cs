using System.Text.Json;
using CausalMixFT.Engine.Scm;
using CausalMixFT.Engine.Tables;
using CausalMixFT.Kernels.Sampling;

namespace CausalMixFT.Engine.Formats;

/// <summary>Reads and writes scm.json: a fitted structural causal model.</summary>
/// <remarks>
/// One JSON object:
/// <code>
/// { "magic": "causalmixft.scm", "version": 1,
///   "missing": "…",                           a sentence: how missing cells are sampled
///   "nodes": [ {                              in the table's column order
///     "name", "kind",                         Numeric, Integer, Boolean or Categorical
///     "levels": [text …], "decimals",
///     "parents": [place of a node …],
///     "missingShare",
///     "values": [number …],                   either a list of values (level places, or numbers, ascending)
///     "features": [number …] or null,           and what children see of each number
///     "range": { "min", "max", "grid", "centre", "spread", "curve": { "at": […], "to": […] } or null },   or an interval
///     "mechanism":
///       { "type": "empirical", "counts": [ … ] }
///       { "type": "categorical", "predictor": P }
///       { "type": "additive", "predictor": P, "fitted": [min, max], "residuals": [ … ] }
///       { "type": "postNonlinear", "predictor": P, "fitted", "residuals", "thresholds": [ … ] or "link": { "at", "to" } }
///       { "type": "twoPart", "atom", "gate": { "predictor": P }, "body": one of the two before },
///     "fit": { "rows", "basis", "loss", "nullLoss", "residualDeviation", "outOfFoldDeviation", "inSampleDeviation",
///              "note" } } … ] }
/// P = { "intercepts": [ … ], "terms": [ { "basis", "parent", "second", "knot", "weights": [ … ] } … ] }
/// </code>
/// Numbers are written so that they read back as the same double: a model that was read samples the same bits.
/// </remarks>
public static class ScmJson
{
    const string Magic = "causalmixft.scm";
    const int Version = 1;
    const string Missing =
        "Each cell is missing with its column's missingShare, at random and independently of all others.";

    /// <summary>Writes a model.</summary>
    public static void Write(string path, StructuralCausalModel scm)
    {
        ArgumentNullException.ThrowIfNull(scm);
        AtomicFile.Write(path, stream => Write(stream, scm));
    }

    static void Write(Stream stream, StructuralCausalModel scm)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteString("magic", Magic);
        json.WriteNumber("version", Version);
        json.WriteString("missing", Missing);
        json.WriteStartArray("nodes");
        foreach (var node in scm.Nodes)
        {
            Write(json, node);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Reads a model.</summary>
    /// <exception cref="InputException">The file is missing, is no model, or does not hold together.</exception>
    public static StructuralCausalModel Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return Model(document.RootElement);
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
        json.WriteNumber("missingShare", node.MissingShare);
        if (node.Support is ValueList list)
        {
            Write(json, "values", list.Values);
            Write(json, "features", list.Features);
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
                break;
            case PostNonlinearModel linked:
                Write(json, linked.Predictor);
                Write(json, "fitted", [linked.Fitted.Min, linked.Fitted.Max]);
                Write(json, "residuals", linked.Residuals);
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
        }

        json.WriteEndObject();
    }

    static StructuralCausalModel Model(JsonElement root)
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

        JsonElement[] elements = [.. root.GetProperty("nodes").EnumerateArray()];
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
            Check(node, nodes);
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
        Require(parents.All(p => p >= 0 && p < count && p != index), name, "a parent that is no other node");
        Require(parents.Distinct().Count() == parents.Length, name, "one parent twice");
        Support support = element.TryGetProperty("values", out _)
            ? new ValueList(Numbers(element, "values")!, Numbers(element, "features"))
            : Range(element.GetProperty("range"));
        var mechanism = element.GetProperty("mechanism");
        var fit = element.GetProperty("fit");
        return new(
            name,
            kind,
            levels,
            element.GetProperty("decimals").GetInt32(),
            parents,
            Number(element, "missingShare"),
            support,
            Mechanism(mechanism, name),
            new(
                fit.GetProperty("rows").GetInt32(), Text(fit, "basis"), Number(fit, "loss"), Number(fit, "nullLoss"),
                Number(fit, "residualDeviation"), Number(fit, "outOfFoldDeviation"),
                Number(fit, "inSampleDeviation"), Text(fit, "note")));
    }

    static ICausalMechanism Mechanism(JsonElement element, string name)
    {
        string type = Text(element, "type");
        return type switch
        {
            "empirical" => new EmpiricalDistribution(Integers(element, "counts")),
            "categorical" => new CategoricalMechanism(ReadPredictor(element)),
            "additive" => new AdditiveNoiseModel(
                ReadPredictor(element), Fitted(element), Numbers(element, "residuals") ?? []),
            "postNonlinear" => new PostNonlinearModel(
                ReadPredictor(element), Fitted(element), Numbers(element, "residuals") ?? [],
                Numbers(element, "thresholds"), ReadCurve(element, "link")),
            "twoPart" => new TwoPartModel(
                Number(element, "atom"), ReadPredictor(element.GetProperty("gate")),
                Mechanism(element.GetProperty("body"), name)),
            _ => throw new FormatException($"node '{name}' has the unknown mechanism '{type}'"),
        };
    }

    // What the sampler relies on, so that a forged file cannot make it read outside a table.
    static void Check(ScmNode node, ScmNode[] nodes)
    {
        string name = node.Name;
        Require(node.Decimals is >= 0 and <= 400, name, $"{node.Decimals} decimals");
        Require(node.MissingShare is >= 0 and <= 1, name, $"a missing share of {node.MissingShare}");
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
            (CategoricalMechanism m, ValueList s) => IsValid(m.Predictor, s.Values.Length),
            (AdditiveNoiseModel m, ValueRange) =>
                IsValid(m.Predictor, 1) && m.Fitted.Min <= m.Fitted.Max && m.Residuals.Length > 0,
            (PostNonlinearModel { Link: null } m, ValueList s) => IsValid(m.Predictor, 1) && m.Fitted.Min <= m.Fitted.Max
                && m.Residuals.Length > 0 && s.Values.Length > 1
                && m.Thresholds?.Length == s.Values.Length - 1 && IsAscending(m.Thresholds, strictly: false),
            (PostNonlinearModel { Thresholds: null, Link: not null } m, ValueRange) =>
                IsValid(m.Predictor, 1) && m.Fitted.Min <= m.Fitted.Max && m.Residuals.Length > 0 && IsCurve(m.Link),
            (TwoPartModel { Body: AdditiveNoiseModel or PostNonlinearModel } m, ValueList s) =>
                IsValid(m.Gate, 1) && Array.BinarySearch(s.Values, m.Atom) >= 0 && IsMechanism(m.Body),
            (TwoPartModel { Body: AdditiveNoiseModel or PostNonlinearModel } m, ValueRange s) =>
                IsValid(m.Gate, 1) && m.Atom >= s.Min && m.Atom <= s.Max && IsMechanism(m.Body),
            _ => false,
        };

        bool IsValid(Predictor predictor, int outputs) =>
            outputs > 0 && predictor.Intercepts.Length == outputs && predictor.Terms.All(term => IsTerm(term, outputs));

        bool IsTerm(PredictorTerm term, int outputs) =>
            IsParent(term.Parent) && IsParent(term.Second) && (term.Basis == Basis.Lookup
                ? nodes[node.Parents[term.Parent]].Support is ValueList { Values.Length: > 0 } list
                    && term.Weights.Length == (long)outputs * list.Values.Length
                : term.Weights.Length == outputs && !nodes[node.Parents[term.Parent]].IsDiscrete
                    && !nodes[node.Parents[term.Second]].IsDiscrete);

        bool IsParent(int place) => place >= 0 && place < node.Parents.Count;
    }

    static bool IsCurve(Curve curve) => curve.At.Length > 0 && curve.At.Length == curve.To.Length
        && IsAscending(curve.At, strictly: false) && IsAscending(curve.To, strictly: false);

    static bool IsAscending(double[] values, bool strictly) =>
        values.Zip(values.Skip(1)).All(pair => strictly ? pair.First < pair.Second : pair.First <= pair.Second);

    static void Require(bool holds, string name, string fault)
    {
        if (!holds)
        {
            throw new FormatException($"node '{name}' has {fault}");
        }
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

    static void Write(Utf8JsonWriter json, Predictor predictor)
    {
        json.WriteStartObject("predictor");
        Write(json, "intercepts", predictor.Intercepts);
        json.WriteStartArray("terms");
        foreach (var term in predictor.Terms)
        {
            json.WriteStartObject();
            json.WriteString("basis", term.Basis.ToString());
            json.WriteNumber("parent", term.Parent);
            json.WriteNumber("second", term.Second);
            json.WriteNumber("knot", term.Knot);
            Write(json, "weights", term.Weights);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static Predictor ReadPredictor(JsonElement mechanism)
    {
        var predictor = mechanism.GetProperty("predictor");
        return new(
            Numbers(predictor, "intercepts") ?? [],
            [.. predictor.GetProperty("terms").EnumerateArray().Select(term =>
                Enum.TryParse<Basis>(Text(term, "basis"), out var basis) && Enum.IsDefined(basis)
                    ? new PredictorTerm(
                        basis, term.GetProperty("parent").GetInt32(), term.GetProperty("second").GetInt32(),
                        Number(term, "knot"), Numbers(term, "weights") ?? [])
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
