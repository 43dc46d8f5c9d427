using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using CausalMixFT.Kernels.Devices;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;

namespace CausalMixFT.Kernels.Tests.Devices;

/// <summary>Compiles every kernel for CUDA, which needs no GPU: what would fail at a user's first launch fails here.</summary>
public partial class PtxFacts(ITestOutputHelper output)
{
    public static TheoryData<string> Kernels => [.. AllKernels().Select(Name)];

    [Fact]
    public void There_are_kernels_to_compile() => Assert.Contains(AllKernels(), kernel => kernel.Name == "MultiplyKernel");

    [Theory, MemberData(nameof(Kernels))]
    public void Compiles_to_ptx(string kernel)
    {
        var method = AllKernels().Single(m => Name(m) == kernel);

        // A context of its own: one failed compilation poisons its context for all that follow.
        using var context = Context.Create(b => b.EnableAlgorithms().Optimize(OptimizationLevel.O2));
        using var backend = new PTXBackend(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_70, null!);
        bool implicitlyGrouped = typeof(IIntrinsicIndex).IsAssignableFrom(method.GetParameters()[0].ParameterType);
        var entry = implicitlyGrouped
            ? EntryPointDescription.FromImplicitlyGroupedKernel(method)
            : EntryPointDescription.FromExplicitlyGroupedKernel(method);
        var compiled = (PTXCompiledKernel)backend.Compile(entry, default);

        string ptx = compiled.PTXAssembly;
        int shared = SharedArrays().Matches(ptx).Sum(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
        bool local = ptx.Contains(".local", StringComparison.Ordinal);
        output.WriteLine($"{ptx.Length} characters of PTX, {shared} bytes of shared memory, {(local ? "local memory" : "registers alone")}");
        Assert.Contains(".entry", ptx, StringComparison.Ordinal);

        // More than this is not launched.
        Assert.InRange(shared, 0, 48 * 1024);

        // What these keep for each thread has to stay in registers: local memory lies outside the processor.
        if (kernel.StartsWith("Attention", StringComparison.Ordinal) || kernel.StartsWith("MatrixMultiply", StringComparison.Ordinal))
        {
            Assert.False(local);
        }
    }

    [GeneratedRegex(@"\.shared \.align \d+ \.b8 \w+\[(\d+)\]")]
    private static partial Regex SharedArrays();

    // Kernels are the static methods of a nested Gpu class that end in Kernel; a generic operation is closed over every
    // struct that satisfies its constraint, as a mechanism does.
    static IEnumerable<MethodInfo> AllKernels() =>
        from type in typeof(ComputeDevice).Assembly.GetTypes()
        where type.Name == "Gpu" && type.IsNested
        from closed in Close(type)
        from method in closed.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
        where method.Name.EndsWith("Kernel", StringComparison.Ordinal)
        select method;

    static IEnumerable<Type> Close(Type type)
    {
        if (!type.IsGenericTypeDefinition)
        {
            return [type];
        }

        var constraint = type.GetGenericArguments().Single().GetGenericParameterConstraints().First(c => c.IsInterface);
        return type.Assembly.GetTypes()
            .Where(t => t.IsValueType && !t.IsGenericType && constraint.IsAssignableFrom(t))
            .Select(t => type.MakeGenericType(t));
    }

    static string Name(MethodInfo method) => $"{method.DeclaringType!.DeclaringType!.Name}"
        + (method.DeclaringType.IsGenericType ? $"<{method.DeclaringType.GetGenericArguments()[0].Name}>" : "")
        + $".{method.Name}";
}
