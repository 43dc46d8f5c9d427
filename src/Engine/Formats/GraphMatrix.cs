using System.Globalization;
using CausalMixFT.Engine.Graphs;

namespace CausalMixFT.Engine.Formats;

/// <summary>Graphs as matrices of marks in CSV: a header of names, then a row for each name.</summary>
/// <remarks>
/// <para>causal-learn (its <c>G.graph</c>): the row's mark of the edge between row and column, −1 tail, 1 arrow, 2 circle,
/// 0 no edge; i --> j is −1 at [i, j] and 1 at [j, i].</para>
/// <para>pcalg, amat.cpdag for DAGs and CPDAGs: 1 an arrowhead at the row, unless both cells are 1, an undirected edge;
/// i --> j is 0 at [i, j] and 1 at [j, i]; two 2s are arrowheads of rules that contradict each other. pcalg, amat.pag for PAGs: the column's mark, 1 circle, 2 arrow, 3 tail.</para>
/// <para>Written with a first column of names, as R's write.csv and pandas do; its head says which matrix it is:
/// amat.cpdag, amat.pag or causal-learn. Read with or without that column. Without its head, a 2 or 3 makes pcalg's matrix
/// an amat.pag.</para>
/// </remarks>
static class GraphMatrix
{
    const string Cpdag = "amat.cpdag", Pag = "amat.pag", CausalLearn = "causal-learn";

    /// <summary>A matrix whose head, or a value that only one convention has, tells what it is.</summary>
    public static GraphFile Parse(SourceText source)
    {
        var matrix = Read(source);
        bool hasTail = matrix.Any(-1), hasThree = matrix.Any(3);
        return matrix.Head == CausalLearn || (matrix.Head is not (Cpdag or Pag) && hasTail) ? ParseCausalLearn(source, matrix)
            : matrix.Head is Cpdag or Pag || hasThree ? ParsePcalg(source, matrix)
            : throw source.Fault(null,
                "a matrix without −1 and 3 may follow causal-learn's convention or pcalg's; say which, or name the file NAME.causal-learn.csv or NAME.pcalg.csv.");
    }

    /// <summary>causal-learn's matrix.</summary>
    public static GraphFile ParseCausalLearn(SourceText source) => ParseCausalLearn(source, Read(source));

    /// <summary>pcalg's matrix.</summary>
    public static GraphFile ParsePcalg(SourceText source) => ParsePcalg(source, Read(source));

    static GraphFile ParseCausalLearn(SourceText source, Matrix matrix) =>
        matrix.ToGraph(
            source, CausalLearn, [-1, 0, 1, 2],
            (own, _) => own switch { -1 => Endpoint.Tail, 1 => Endpoint.Arrow, 2 => Endpoint.Circle, _ => null }, byRow: true, null);

    static GraphFile ParsePcalg(SourceText source, Matrix matrix)
    {
        if (matrix.Head == Pag || (matrix.Head != Cpdag && (matrix.Any(2) || matrix.Any(3))))
        {
            return matrix.ToGraph(
                source, Pag, [0, 1, 2, 3],
                (own, _) => own switch { 1 => Endpoint.Circle, 2 => Endpoint.Arrow, 3 => Endpoint.Tail, _ => null }, byRow: false, "pag");
        }

        bool contradicts = matrix.Any(2);
        return matrix.ToGraph(
            source, Cpdag, [0, 1, 2],
            (own, other) => (own, other) switch
            {
                (1, 0) or (2, 2) => Endpoint.Arrow,
                (0, 1) or (1, 1) => Endpoint.Tail,
                _ => null,
            },
            byRow: true, contradicts ? "cpdag" : null);
    }

    public static void WriteCausalLearn(CausalGraph graph, TextWriter text) =>
        Write(graph, text, CausalLearn, (row, column) => graph.Mark(column, row) switch
        {
            Endpoint.Tail => -1,
            Endpoint.Arrow => 1,
            Endpoint.Circle => 2,
            _ => 0,
        });

    public static void WritePcalg(CausalGraph graph, TextWriter text)
    {
        if (graph is Pag)
        {
            Write(graph, text, Pag, (row, column) => graph.Mark(row, column) switch
            {
                Endpoint.Circle => 1,
                Endpoint.Arrow => 2,
                Endpoint.Tail => 3,
                _ => 0,
            });
            return;
        }

        Write(graph, text, Cpdag, (row, column) => (graph.Mark(column, row), graph.Mark(row, column)) switch
        {
            (Endpoint.Arrow, Endpoint.Arrow) => 2,
            (Endpoint.Arrow, _) or (Endpoint.Tail, Endpoint.Tail) => 1,
            _ => 0,
        });
    }

    static void Write(CausalGraph graph, TextWriter text, string head, Func<int, int, int> value)
    {
        CsvText.WriteRow(text, graph.Variables.Select(variable => variable.Name).Prepend(head));
        foreach (var row in graph.Variables)
        {
            CsvText.WriteRow(
                text,
                graph.Variables.Select(column => value(row.Index, column.Index).ToString(CultureInfo.InvariantCulture)).Prepend(row.Name));
        }
    }

    static Matrix Read(SourceText source)
    {
        var rows = CsvRows.Read(source);
        if (rows.Count < 2)
        {
            throw source.Fault(null, "the file holds no matrix; a header of names and a row for each of them were expected.");
        }

        // R's write.table leaves the head of the column of names out, other programs call it what they like.
        string[] header = rows[0].Cells;
        string[] second = rows[1].Cells;
        bool isHeadless = second.Length == header.Length + 1;
        bool hasNames = isHeadless || header[0].Length == 0 || header[0] is Cpdag or Pag or CausalLearn
            || (second.Length == header.Length && !int.TryParse(second[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));
        string[] names = hasNames && !isHeadless ? header[1..] : header;
        if (rows.Count - 1 != names.Length)
        {
            throw source.Fault(rows[^1].Line, $"the matrix has {names.Length} columns and {rows.Count - 1} rows, but as many of each were expected; correct it.");
        }

        var values = new int[names.Length, names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            var (line, cells) = rows[i + 1];
            if (cells.Length != names.Length + (hasNames ? 1 : 0))
            {
                throw source.Fault(line, $"the row has {cells.Length} cells, but {names.Length + (hasNames ? 1 : 0)} were expected; correct it.");
            }

            if (hasNames && cells[0] != names[i])
            {
                throw source.Fault(line, $"the row is called '{cells[0]}', but the header has '{names[i]}' in this place; give rows the order of columns.");
            }

            for (int j = 0; j < names.Length; j++)
            {
                string cell = cells[j + (hasNames ? 1 : 0)];
                if (!int.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out values[i, j]))
                {
                    throw source.Fault(line, $"the cell of column '{names[j]}' is '{cell}', but a whole number that stands for a mark was expected.");
                }
            }
        }

        return new(hasNames && !isHeadless ? header[0] : "", names, rows[0].Line, [.. rows.Skip(1).Select(row => row.Line)], values);
    }

    sealed record Matrix(string Head, string[] Names, int HeaderLine, int[] Lines, int[,] Values)
    {
        public bool Any(int value) => Values.Cast<int>().Contains(value);

        /// <summary>The graph, from the codes there are and what a code says, seen beside the one across the diagonal.</summary>
        public GraphFile ToGraph(SourceText source, string convention, int[] codes, Func<int, int, Endpoint?> mark, bool byRow, string? type)
        {
            var parts = new GraphParts(source);
            foreach (string name in Names)
            {
                parts.NewNode(name, HeaderLine);
            }

            for (int i = 0; i < Names.Length; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    var (atI, atJ) = byRow ? (Mark(i, j), Mark(j, i)) : (Mark(j, i), Mark(i, j));
                    if (atI is Endpoint first && atJ is Endpoint second)
                    {
                        parts.Connect(i, j, first, second, Lines[i]);
                    }
                    else if (Values[i, j] != 0 || Values[j, i] != 0)
                    {
                        throw source.Fault(Lines[i],
                            $"the cells of '{Names[i]}' and '{Names[j]}', {Values[i, j]} and {Values[j, i]}, are no edge in {convention}; correct the matrix or say another format.");
                    }
                }
            }

            return parts.ToFile(type);

            Endpoint? Mark(int row, int column) => codes.Contains(Values[row, column]) ? mark(Values[row, column], Values[column, row]) : throw source.Fault(Lines[row],
                $"the cell of column '{Names[column]}' is {Values[row, column]}, which is no mark in {convention}; correct it or say another format.");
        }
    }
}
