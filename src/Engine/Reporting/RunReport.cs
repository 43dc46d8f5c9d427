using System.Globalization;
using CausalMixFT.Engine.Evaluation;
using CausalMixFT.Engine.FineTuning;
using CausalMixFT.Engine.Scm;

namespace CausalMixFT.Engine.Reporting;

/// <summary>The report of a run, as Markdown and as a page; losses are told as plainly as wins.</summary>
public static class RunReport
{
    /// <summary>The picture of the graph, by the name under which the report asks for it.</summary>
    public const string GraphPicture = "graph.svg";

    /// <summary>The picture of the validation losses.</summary>
    public const string ValidationPicture = "validation.svg";

    /// <summary>The picture of the columns' marginals.</summary>
    public const string MarginalsPicture = QualitySection.MarginalsPicture;

    // A table of more columns than this is read by nobody; run.json has all.
    const int MostColumns = 40;

    /// <summary>The report as Markdown; it shows the pictures that lie beside it.</summary>
    public static string Markdown(RunResult result, Provenance provenance, IReadOnlyList<ScoreDifference> differences)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(provenance);
        ArgumentNullException.ThrowIfNull(differences);
        var text = new MarkdownText();
        text.Heading(1, $"Predicting {MarkdownText.Name(result.Task.Target)} in {MarkdownText.Name(Path.GetFileName(provenance.Table))}");
        WriteHeadline(text, result, differences);
        WriteScores(text, result, differences);
        WriteTuning(text, result);
        WriteGraph(text, result);
        WriteMechanisms(text, result);
        WriteQuality(text, result);
        WriteNotes(text, result);
        WriteRun(text, result, provenance);
        return text.ToString();
    }

    /// <summary>The picture of the columns' marginals among training and synthetic rows, an SVG document.</summary>
    public static string DrawMarginals(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return MarginalsChart.Draw(result.Task.Table.Select(result.Split.Train), result.Synthetic, result.Fidelity);
    }

    /// <summary>The picture of the validation losses, an SVG document.</summary>
    public static string DrawValidation(RunResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return ValidationChart.Draw(result.Arms);
    }

    static void WriteHeadline(MarkdownText text, RunResult result, IReadOnlyList<ScoreDifference> differences)
    {
        text.List(differences.Select(difference => Sentence(result, difference)));
        if (differences.Any(difference => !double.IsNaN(difference.RocAuc)))
        {
            text.Paragraph(
                "A difference whose interval contains 0 is not evidence that either model is better. The intervals come from drawing the " +
                "test rows anew; they do not know what another split or another seed would give.");
        }

        text.Paragraph(
            "**One table and one split cannot show that a method helps.** To learn that, repeat the run over several seeds and tables, " +
            "and count the losses as well as the wins.");
        text.Paragraph(
            $"A causal graph was discovered in {TaskSummary.Count(result.Split.Train.Length, "training row")}, a structural causal model fitted to it, and " +
            $"{TaskSummary.Count(result.Synthetic.Rows, "synthetic row")} sampled from that. The model was then used un-tuned, fine-tuned on real rows only, " +
            $"and fine-tuned on {SyntheticArm.Rows(result.Options.FineTuning)} ({result.Arms[^1].Name}), and scored on {TaskSummary.Count(result.Split.Test.Length, "test row")} that " +
            $"nothing before had seen. The rarest class, '{MarkdownText.Name(result.Task.ClassNames[result.Arms[0].TunedRule.Minority])}', has " +
            $"{TaskSummary.Count(TaskSummary.Counts(result.Task)[0].Rows, "row")} in all (skew {TaskSummary.Skew(result.Task)}).");
    }

    /// <summary>What became of one arm against another, in a sentence or two.</summary>
    static string Sentence(RunResult result, ScoreDifference difference)
    {
        var arm = result.Arms.First(arm => arm.Name == difference.Arm);
        var baseline = result.Arms.First(arm => arm.Name == difference.Baseline);
        string against = difference.Baseline == result.Arms[0].Name ? "the un-tuned model" : "fine-tuning on real rows only";
        string what = difference.Arm == result.Arms[^1].Name ? $"fine-tuning on {SyntheticArm.Briefly(result.Options.FineTuning)}" : "fine-tuning on real rows only";
        string rows = TaskSummary.Count(result.Split.Test.Length, "test row");
        if (double.IsNaN(difference.RocAuc))
        {
            return $"On these {rows}, {what} cannot be compared with {against}: a class is missing among them.";
        }

        if (arm.Tuning?.BestStep is 0 && (baseline.Tuning is null or { BestStep: 0 }))
        {
            return $"On these {rows}, {what} **changed nothing** against {against}: no step of it lowered the validation loss, so the model was kept as it was.";
        }

        string change = difference.RocAuc == 0
            ? $"**left ROC-AUC at {Score(arm.Test.RocAuc)}** against {against}"
            : $"**{(difference.RocAuc > 0 ? "raised" : "lowered")} ROC-AUC by {Size(difference.RocAuc)}** against {against}, " +
                $"from {Score(baseline.Test.RocAuc)} to {Score(arm.Test.RocAuc)}";
        string verdict = difference.IsBeyondChance
            ? "The interval leaves out 0: drawing these test rows anew does not explain the difference."
            : "The interval contains 0: this is not evidence of a difference.";
        return $"On these {rows}, {what} {change} (95 % interval {Signed(difference.Low)} to {Signed(difference.High)}). {verdict}";
    }

    static void WriteScores(MarkdownText text, RunResult result, IReadOnlyList<ScoreDifference> differences)
    {
        text.Heading(2, "Scores on the test rows");
        text.Table(
            1, ["", "ROC-AUC", "AUPRC", "Log-loss", "Brier score"],
            result.Arms.Select(arm => (IReadOnlyList<string>)[
                arm.Name, Score(arm.Test.RocAuc), Score(arm.Test.AveragePrecision), Score(arm.Test.LogLoss), Score(arm.Test.Brier)]));
        text.Paragraph(
            (result.Task.ClassNames.Count > 2
                ? "ROC-AUC and AUPRC are means over the classes, each against the rest. "
                : $"ROC-AUC and AUPRC rank rows by the probability of '{MarkdownText.Name(result.Task.ClassNames[result.Arms[0].TunedRule.Minority])}'. ") +
            "Larger is better for these two, smaller for log-loss and Brier score. A rare class lowers AUPRC, so it compares models on one table only.");
        text.Table(
            2, ["ROC-AUC", "against", "difference", "from", "to"],
            differences.Select(difference => (IReadOnlyList<string>)[
                difference.Arm, difference.Baseline, Signed(difference.RocAuc), Signed(difference.Low), Signed(difference.High)]));
        text.Paragraph("From and to: a 95 % interval by a paired bootstrap over test rows, 1,000 resamples.");

        text.Heading(3, "When a class must be named");
        var rules = new (string Name, Func<ClassificationScores, LabelScores> Scores)[]
        {
            ("0.5", scores => scores.Half), ("the prior", scores => scores.Prior), ("tuned", scores => scores.Tuned),
        };
        text.Table(
            2, ["", "Threshold", "F1 of the rarest class", "F1, mean of classes", "Balanced accuracy", "Accuracy", "Matthews"],
            from rule in rules
            from arm in result.Arms
            let scores = rule.Scores(arm.Test)
            select (IReadOnlyList<string>)[
                arm.Name, rule.Name == "tuned" && arm.TunedRule.Threshold is double threshold ? $"tuned: {Score(threshold)}" : rule.Name,
                Score(scores.F1Minority), Score(scores.F1Macro), Score(scores.BalancedAccuracy), Score(scores.Accuracy), Score(scores.Matthews)]);
        text.Paragraph(
            "The prior is the rarest class's share of the training rows; the tuned threshold is the best for its F1 on validation rows. " +
            (result.Task.ClassNames.Count > 2 ? "With more than two classes, a threshold is a weight on each class's probability. " : "") +
            "On skewed tables much of a gain at 0.5 is only a moved threshold: compare the tuned rows before believing one.");
    }

    static void WriteTuning(MarkdownText text, RunResult result)
    {
        text.Heading(2, "Fine-tuning");
        text.Picture("Change of the validation loss by step", ValidationPicture);
        text.List(result.Arms.Where(arm => arm.Tuning is not null).Select(arm =>
        {
            var tuning = arm.Tuning!;
            var (first, best) = (tuning.History[0], tuning.History.First(check => check.Step == tuning.BestStep));
            return $"{arm.Name}: {(tuning.BestStep == 0
                ? $"the model as it came (step 0) validated best, at {Score(best.ValidationLoss)}"
                : Text($"step {tuning.BestStep} of {tuning.History[^1].Step} was kept; validation loss {Score(first.ValidationLoss)} before, {Score(best.ValidationLoss)} at that step"))}; " +
                Text($"learning rate {tuning.LearningRate:0.##e0}, {tuning.Seconds:0.0} s.");
        }));
        text.Paragraph(
            "The picture shows how far the validation loss, the mean cross-entropy in nats, moved from that of the model as it came (step 0), which is " +
            "always a candidate; a ring marks the step that was kept." +
            (result.Options.SyntheticValidation
                ? " The arm with synthetic rows is validated on real and synthetic rows together, so the two arms' losses do not compare with each other."
                : ""));
    }

    static void WriteGraph(MarkdownText text, RunResult result)
    {
        var (discovery, variables) = (result.Discovery, result.Discovery.Graph.Variables);
        var edges = discovery.Graph.Edges.ToArray();
        int directed = edges.Count(edge => edge.IsDirected), target = variables.First(v => v.Name == result.Task.Target).Index;
        text.Heading(2, "The causal graph");
        text.Picture("The causal graph", GraphPicture);
        text.Paragraph($"[The picture by itself]({GraphPicture}), to zoom into.");
        text.Paragraph(
            $"PC with the {TestName(discovery.TestName)} at α = {Text($"{discovery.Alpha}")}, {(result.Options.Discovery.MaxDepth is int depth ? $"given at most {TaskSummary.Count(depth, "variable")}" : "of any depth")}, " +
            $"asked {Text($"{discovery.Queries:N0}")} questions of the training rows and found {TaskSummary.Count(edges.Length, "edge")} between {TaskSummary.Count(variables.Count, "variable")}. " +
            $"{Text($"{directed:N0}")} of them {(directed == 1 ? "has a direction" : "have a direction")} (dark, with an arrowhead); for the other {Text($"{edges.Length - directed:N0}")} (blue, plain) the data fit either way, " +
            "and one was chosen for the structural causal model.");
        string[] near = [.. discovery.Graph.Adjacent(target).Select(node => MarkdownText.Name(variables[node].Name))];
        text.Paragraph(near.Length == 0
            ? $"No variable is joined to **{MarkdownText.Name(result.Task.Target)}**: synthetic rows carry no information about it beyond its class shares."
            : $"Joined to **{MarkdownText.Name(result.Task.Target)}**: {string.Join(", ", near)}.");
        text.Paragraph(
            "An edge says that no set of other variables that was tried makes the pair independent at this level. Its direction is right only if " +
            "no hidden variable causes two of these and the tests did not err: a hypothesis, not a finding.");
    }

    static void WriteMechanisms(MarkdownText text, RunResult result)
    {
        var nodes = result.Models[0].Nodes;
        text.Heading(2, "How each column is made");
        if (result.Models.Count > 1)
        {
            text.Paragraph(
                $"Synthetic rows come by turns from {result.Models.Count} models, one for each of as many graphs that were drawn by how sure each " +
                "edge is (ensemble.json), so that no single wrong edge rules all of them. The table shows the first.");
        }

        text.Table(
            4, ["Column", "Parents", "Mechanism", "Chosen", "Loss", "without parents", "explained"],
            nodes.Take(MostColumns).Select(node => (IReadOnlyList<string>)[
                Emphasised(node, result.Task.Target),
                string.Join(", ", node.Parents.Select(parent => MarkdownText.Name(nodes[parent].Name))),
                Words(node.Mechanism), node.Fit.Basis == "none" ? "" : node.Fit.Basis,
                .. node.Fit.Basis == "none"
                    ? (string[])["", "", ""]
                    : [Score(node.Fit.Loss), Score(node.Fit.NullLoss), Text($"{1 - node.Fit.Loss / node.Fit.NullLoss:0 %}")]]));
        More(text, nodes.Count, "scm.json");
        text.Paragraph(
            "Loss is cross-validated: for classes log-loss in nats, for numbers the squared error relative to the variance. Columns without " +
            "parents are drawn from the values of the training rows, or between them where they rarely repeat.");
        var tried = nodes.Where(node => node.Fit.Candidates.Count > 1).ToArray();
        if (tried.Length == 0)
        {
            return;
        }

        text.Heading(3, "What was chosen over what");
        text.Table(3, ["Column", "Chosen", "Also tried"], tried.Take(MostColumns).Select(Choice));
        text.Paragraph(
            "Scores are of left-out rows, smaller is better: log-loss for classes, for numbers the continuous ranked probability score of the whole " +
            "predicted distribution. The simplest within one standard error (in brackets, of the difference) of the best was taken. Boosted trees that " +
            "were behind on the first of five folds were given up there and are not listed.");
    }

    // The chosen candidate's score, and those of the others.
    static IReadOnlyList<string> Choice(ScmNode node)
    {
        var chosen = node.Fit.Candidates.First(candidate => candidate.Name == node.Fit.Basis);
        return
        [
            MarkdownText.Name(node.Name), Text($"{chosen.Name} {chosen.Loss:0.0000}"),
            string.Join("; ", node.Fit.Candidates.Where(candidate => candidate != chosen)
                .Select(other => Text($"{other.Name} {other.Loss:0.0000} ({other.StandardError:0.0000})"))),
        ];
    }

    static void WriteQuality(MarkdownText text, RunResult result)
    {
        QualitySection.WriteBrief(
            text, result.Quality, $"the {TaskSummary.Count(result.Split.Validation.Length, "validation row")}, which the generator had not seen");
        bool missing = result.Fidelity.Any(column => column.RealMissing > 0 || column.SyntheticMissing > 0);
        if (missing)
        {
            text.Heading(3, "Missing cells");
            text.Table(
                2, ["Column", "Kind", "missing, real", "missing, synthetic"],
                result.Fidelity.Where(column => column.RealMissing > 0 || column.SyntheticMissing > 0)
                    .OrderByDescending(column => column.RealMissing).Take(MostColumns).Select(column => (IReadOnlyList<string>)[
                        MarkdownText.Name(column.Name), column.Kind.ToString().ToLowerInvariant(),
                        Text($"{column.RealMissing:0.0 %}"), Text($"{column.SyntheticMissing:0.0 %}")]));
        }
    }

    static void WriteNotes(MarkdownText text, RunResult result)
    {
        text.Heading(2, "What was left out or done on the way");
        string[] notes = [.. result.Task.Notes.Concat(result.Discovery.Notes).Concat(result.Quality.Notes).Concat(result.Quality.Graph?.Notes ?? [])
            .Concat(result.Models.SelectMany(scm => scm.Nodes).Where(node => node.Fit.Note.Length > 0).Select(node => $"{node.Name}: {node.Fit.Note}").Distinct())];
        text.List(notes.Length == 0 ? ["Nothing."] : notes.Select(MarkdownText.Name));
    }

    static void WriteRun(MarkdownText text, RunResult result, Provenance provenance)
    {
        text.Heading(2, "The run");
        text.Table(2, ["", ""], [
            ["Table", MarkdownText.Name(provenance.Table)],
            ["", TaskSummary.Shape(result.Task.Table)],
            ["SHA-256", provenance.TableSha256],
            ["Classes", MarkdownText.Name(string.Join(", ", TaskSummary.Counts(result.Task).Select(pair => Text($"{pair.Name} {pair.Rows:N0}"))))],
            ["Split", Text($"{result.Split.Train.Length:N0} training, {result.Split.Validation.Length:N0} validation, {result.Split.Test.Length:N0} test rows")],
            ["Model", MarkdownText.Name(result.ModelOrigin)],
            ["Seed", Text($"{result.Options.Seed}")],
            ["Device", MarkdownText.Name(result.Device)],
            ["Program", $"CausalMixFT {Provenance.Program}, {MarkdownText.Name(Provenance.Platform)}"],
            ["Libraries", string.Join(", ", Provenance.Libraries.Select(library => $"{library.Key} {library.Value}"))],
            ["Started", provenance.Started.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture)],
        ]);
        text.Table(
            1, ["Stage", "Seconds"],
            [.. result.Timings.Select(stage => (string[])[stage.Stage, Text($"{stage.Seconds:0.0}")]), ["**All**", Text($"**{result.Timings.Sum(stage => stage.Seconds):0.0}**")]]);
        text.Paragraph("To repeat it:");
        text.Code(provenance.Command);
        text.Paragraph(
            "The same seed gives the same graph, synthetic rows and weights on any number of CPU threads. Beside this report lie run.json " +
            "(all of the above for programs), graph.json, scm.json, synthetic.csv, predictions.csv (the test rows' probabilities) and " +
            $"model.safetensors (the model of the arm '{result.Kept.Name}', for `predict` and `evaluate`; `--keep` chooses).");
    }

    static void More(MarkdownText text, int count, string file)
    {
        if (count > MostColumns)
        {
            text.Paragraph($"{TaskSummary.Count(count - MostColumns, "column")} more: {file} has them.");
        }
    }

    static string Emphasised(ScmNode node, string target) =>
        node.Name == target ? $"**{MarkdownText.Name(node.Name)}**" : MarkdownText.Name(node.Name);

    static string Words(ICausalMechanism mechanism) => mechanism switch
    {
        EmpiricalDistribution => "as observed",
        SmoothedDistribution => "between observed values",
        CategoricalMechanism => "class probabilities",
        AdditiveNoiseModel => "additive noise",
        PostNonlinearModel => "post-nonlinear",
        TwoPartModel two => Text($"{two.Atom:G6} or {Words(two.Body)}"),
        _ => mechanism.Name,
    };

    static string TestName(string test) => test switch
    {
        "fisherz" => "Fisher-z test",
        "gsq" => "G² test",
        "chisq" => "χ² test",
        _ => $"{test} likelihood-ratio test",
    };

    static string Score(double value) => double.IsNaN(value) ? "–" : Text($"{value:0.000}");

    // The size of a difference that is not 0 never shows as 0.
    static string Size(double difference) => Math.Abs(difference) < 0.0005 ? "less than 0.001" : Text($"{Math.Abs(difference):0.000}");

    // One more decimal where three would hide a sign.
    static string Signed(double difference) => double.IsNaN(difference) ? "–"
        : Math.Abs(difference) < 0.00005 ? "0.000"
        : Text($"{(difference < 0 ? "−" : "+")}{(Math.Abs(difference) < 0.0005 ? Text($"{Math.Abs(difference):0.0000}") : Score(Math.Abs(difference)))}");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
