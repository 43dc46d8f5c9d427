namespace CausalMixFT.Engine.FineTuning;

/// <summary>What the arm that is fine-tuned with synthetic rows is called.</summary>
static class SyntheticArm
{
    /// <summary>Its name in tables.</summary>
    internal static string Name(FineTuneOptions options)
    {
        string use = options.Use switch
        {
            SyntheticUse.Staged => "staged",
            SyntheticUse.Only => "synthetic only",
            _ => "mixed",
        };
        return options.Labels == SyntheticLabels.Soft ? $"{use}, soft labels" : use;
    }

    /// <summary>What it is fine-tuned on: completes "fine-tuned on …".</summary>
    internal static string Rows(FineTuneOptions options)
    {
        string rows = options.Use switch
        {
            SyntheticUse.Staged => "synthetic rows and then on real rows",
            SyntheticUse.Only => "synthetic rows alone",
            _ => "real and synthetic rows together",
        };
        return options.Labels == SyntheticLabels.Soft ? $"{rows}, synthetic ones labelled by the un-tuned model," : rows;
    }

    /// <summary>The same in short.</summary>
    internal static string Briefly(FineTuneOptions options) => options.Use switch
    {
        SyntheticUse.Staged => "synthetic and then real rows",
        SyntheticUse.Only => "synthetic rows only",
        _ => "the mix",
    };
}
