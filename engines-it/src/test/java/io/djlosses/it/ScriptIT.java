/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertNull;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.expectThrows;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;

import io.djlosses.internal.fast.Script;
import io.djlosses.nd.Nd;

import org.testng.SkipException;
import org.testng.annotations.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What a script does, on the engine that runs scripts; {@code GoldenIT} tests those of losses. */
public class ScriptIT {

    private static final Script.Mode MEAN = new Script.Mode(true, true, false);
    private static final Script.Mode SUM = new Script.Mode(false, true, false);
    private static final Script.Mode ALWAYS = new Script.Mode(true, true, true);

    /** Half the squared error; the gradient is written as one would not guess it. */
    private static final Script CLOSED =
            Script.closedForm("x", "y", "factor")
                    .shared("d = x - y")
                    .gradient("torch.mul(d, factor, out=dx)")
                    .scale("2.")
                    .value("torch.dot(d, d) * factor")
                    .build();

    private static final Script GOAL =
            Script.of("x", "", "s = x.mean() if mean else x.sum()\nreturn s + reduction");

    private static final Script PRODUCT = Script.of("x", "k=2", "return (x * k).sum()");

    private static NDManager manager() {
        String engine = "PyTorch";
        if (!Outcome.engines().contains(engine)) {
            throw new SkipException("no native library of " + engine + " for this platform");
        }
        return Place.manager(engine);
    }

    /**
     * In use the formula takes over; a test that asks for the script must not pass by the formula.
     */
    @Test
    public void aScriptThatTheEngineDoesNotKnowIsAnErrorWhereItIsForced() {
        Script unknown = Script.of("x", "", "return torch.nonsense(x)");
        try (NDManager manager = manager()) {
            List<NDArray> x = List.of(numbers(manager, 3, 1));
            expectThrows(IllegalStateException.class, () -> unknown.run(ALWAYS, x));
            expectThrows(EngineException.class, () -> unknown.run(MEAN, x));
        }
    }

    private static NDArray numbers(NDManager manager, int size, double first) {
        double[] values = new double[size];
        for (int i = 0; i < size; i++) {
            values[i] = first + i % 7;
        }
        return Nd.create(manager, values, new Shape(size), DataType.FLOAT64);
    }

    @Test
    public void oneEngineRunsScripts() {
        for (String engine : Outcome.engines()) {
            try (NDManager manager = Place.manager(engine)) {
                NDArray array = Nd.create(manager, new float[1], new Shape(1));
                boolean expected = engine.equals("PyTorch") && !array.getDevice().isGpu();
                assertEquals(Script.runsOn(array), expected, engine);
            }
        }
    }

    @Test
    public void meanAndSumAreTold() {
        try (NDManager manager = manager()) {
            NDArray x = numbers(manager, 7, 0);
            assertEquals(Nd.toDoubles(GOAL.run(MEAN, List.of(x)))[0], 3.0 + 1);
            assertEquals(Nd.toDoubles(GOAL.run(SUM, List.of(x)))[0], 21.0 + 2);
        }
    }

    @Test
    public void aClosedFormIsTheSameInOneBlockAndInMany() {
        for (int size : new int[] {1, 4095, 4096, 131_072, 131_073, 400_001}) {
            try (NDManager manager = manager()) {
                NDArray x = numbers(manager, size, 1);
                NDArray y = numbers(manager, size, 0.5);
                x.setRequiresGradient(true);
                NDArray value;
                try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                    value = CLOSED.run(ALWAYS, List.of(x, y), 3);
                    collector.backward(value);
                }
                assertEquals(Nd.toDoubles(value)[0], 0.75, 1e-12, "value of " + size);
                for (double gradient : Nd.toDoubles(x.getGradient())) {
                    assertEquals(gradient, 3.0 / size, 1e-15, "gradient of " + size);
                }
            }
        }
    }

    @Test
    public void aValueWithoutGradientCarriesNone() {
        try (NDManager manager = manager()) {
            NDArray x = numbers(manager, 10, 1);
            NDArray y = numbers(manager, 10, 0.5);
            x.setRequiresGradient(true);
            try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
                NDArray value = CLOSED.run(new Script.Mode(true, false, true), List.of(x, y), 3);
                assertEquals(Nd.toDoubles(value)[0], 0.75, 1e-12);
                collector.backward(value.add(x.sum().mul(0)));
            }
            assertEquals(Nd.toDoubles(x.getGradient()), new double[10]);
        }
    }

    @Test
    public void aSmallArrayIsLeftToAnotherReading() {
        try (NDManager manager = manager()) {
            NDArray x = numbers(manager, 10, 1);
            assertNull(CLOSED.run(MEAN, List.of(x, x), 1));
        }
    }

    @Test
    public void namesOfArraysMeanNothing() {
        try (NDManager manager = manager()) {
            NDArray x = numbers(manager, 10, 1);
            for (String name : new String[] {"a.b", "a[]", "a()", "module_method:other"}) {
                x.setName(name);
                NDArray value = CLOSED.run(ALWAYS, List.of(x, x), 1);
                assertEquals(Nd.toDoubles(value)[0], 0.0, name);
                assertEquals(x.getName(), name);
            }
        }
    }

    @Test
    public void nothingIsLeftBehind() {
        try (NDManager manager = manager();
                NDManager own = manager.newSubManager()) {
            NDArray x = numbers(own, 10, 1);
            CLOSED.run(ALWAYS, List.of(x, x), 1).close(); // makes what stays
            int arrays = own.getManagedArrays().size();
            for (int i = 0; i < 100; i++) {
                CLOSED.run(ALWAYS, List.of(x, x), 1).close();
            }
            assertEquals(own.getManagedArrays().size(), arrays);
        }
    }

    /** What an engine has made of a script in its first runs must not show in later ones. */
    @Test
    public void theOrderOfRunsDoesNotMatter() throws Exception {
        manager().close();
        for (int seed = 0; seed < (Boolean.getBoolean("djlosses.nightly") ? 20 : 2); seed++) {
            List<String> lines =
                    Child.run(ScriptOrderProgram.class, List.of("-Xmx2g"), "PyTorch", seed);
            String last = lines.get(lines.size() - 1);
            assertTrue(last.matches("TASKS \\d{3,} WRONG 0"), String.join("\n", lines));
        }
    }

    @Test
    public void threadsShareAScript() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try (NDManager manager = manager()) {
            List<Callable<Double>> tasks = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                int factor = i;
                tasks.add(
                        () -> {
                            try (NDManager own = manager.newSubManager()) {
                                NDArray x = numbers(own, 7, 0);
                                return Nd.toDoubles(PRODUCT.run(SUM, List.of(x), factor))[0];
                            }
                        });
            }
            List<Future<Double>> results = threads.invokeAll(tasks);
            for (int i = 0; i < results.size(); i++) {
                assertEquals(results.get(i).get(), 21.0 * i);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
