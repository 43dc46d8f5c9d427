namespace CausalMixFT.Engine.Tests.Generators;

public class GeneratorTablesFacts
{
    [Theory, MemberData(nameof(GeneratorTables.Names), MemberType = typeof(GeneratorTables))]
    public void A_table_s_own_rows_in_the_order_of_the_classes_are_valid(string name)
    {
        var task = GeneratorTables.Named(name);
        int[] order = [.. Enumerable.Range(0, task.Rows).OrderBy(row => task.Labels[row])];
        int[] counts = [.. Enumerable.Range(0, task.ClassNames.Count).Select(k => task.Labels.Count(label => label == k))];
        GeneratorTables.AssertValid(task.Table.Select(order), task, counts);
    }
}
