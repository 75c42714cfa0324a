/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import static org.testng.Assert.assertEquals;
import static org.testng.Assert.assertFalse;
import static org.testng.Assert.assertTrue;
import static org.testng.Assert.fail;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.loss.Loss;

import io.djlosses.Losses;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Inputs;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.examples.catalog.Numbers;
import io.djlosses.examples.catalog.SeededDraw;
import io.djlosses.examples.catalog.Trait;
import io.djlosses.nd.Nd;
import io.djlosses.vocabulary.AdaptiveLogSoftmaxWithLoss;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every loss has a factory, golden rows for each of its options, and its formula in the Javadoc.
 */
public class CatalogueIT {

    /** Golden files of what is no loss of one name, with the test that reads them. */
    private static final Map<Class<?>, String> WITHOUT_LOSS =
            Map.of(AdaptiveLogSoftmaxWithLoss.class, "a block: AdaptiveSoftmaxIT");

    private static final Path SOURCES = Path.of("..", "losses", "src", "main", "java");

    @DataProvider
    public Object[][] losses() {
        return Catalogue.losses().stream()
                .map(loss -> new Object[] {loss})
                .toArray(Object[][]::new);
    }

    @Test
    public void theCatalogueIsFound() {
        assertTrue(Catalogue.losses().size() >= 4, "found " + Catalogue.losses());
        assertTrue(GoldenRow.files().size() >= 38, "found " + GoldenRow.files().keySet());
    }

    @Test(dataProvider = "losses")
    public void theFacadeMakesIt(Class<? extends Loss> loss) {
        List<Method> factories =
                Arrays.stream(Losses.class.getMethods())
                        .filter(method -> method.getReturnType() == loss)
                        .toList();
        assertFalse(factories.isEmpty(), "Losses has no method that returns " + loss);
        if (Declarations.of(loss).has(Trait.NO_ROWS)) {
            return; // what it is made of has to be named
        }
        // One, of what the loss requires; a name is an option of the builder.
        assertEquals(factories.size(), 1, "factories of " + loss + ": " + factories);
        Method factory = factories.get(0);
        assertFalse(List.of(factory.getParameterTypes()).contains(String.class), "" + factory);
        if (factory.getParameterCount() == 0) {
            Loss made = (Loss) Catalogue.call(factory, null);
            assertEquals(made.getName(), loss.getSimpleName());
        }
    }

    @Test(dataProvider = "losses")
    public void goldenRowsSetEveryOption(Class<? extends Loss> loss) {
        String name = loss.getSimpleName();
        List<GoldenRow> rows = GoldenRow.of(loss);
        if (Declarations.of(loss).has(Trait.NO_ROWS)) {
            assertTrue(rows.isEmpty(), name + " has golden rows, so take it off the exceptions");
            return;
        }
        assertFalse(rows.isEmpty(), name + " has no golden rows");
        Set<String> set =
                rows.stream()
                        .flatMap(row -> row.options().keySet().stream())
                        .collect(Collectors.toCollection(TreeSet::new));
        for (Method option : Catalogue.ownOptions(loss)) {
            String own = Catalogue.option(option);
            boolean excepted = Declarations.of(loss).optionsWithoutRows().containsKey(own);
            assertEquals(set.contains(own), !excepted, "a golden row of " + name + " sets " + own);
        }
        if (set.contains("reduction")) {
            Set<String> reductions =
                    rows.stream()
                            .filter(row -> row.has("reduction"))
                            .map(row -> row.options().get("reduction").getAsString())
                            .collect(Collectors.toCollection(TreeSet::new));
            assertTrue(
                    reductions.containsAll(Set.of("NONE", "SUM", "MEAN")),
                    "the golden rows of " + name + " reduce by " + reductions + " only");
        }
    }

    @Test
    public void everyGoldenFileHasItsLoss() {
        Set<String> missing = new TreeSet<>(GoldenRow.files().keySet());
        Catalogue.losses().forEach(loss -> missing.remove(loss.getSimpleName()));
        WITHOUT_LOSS.keySet().forEach(type -> missing.remove(type.getSimpleName()));
        assertEquals(missing.toString(), "[]", "golden files without a loss");
    }

    /** A loss without a declaration would be in no test; the message is the line to paste. */
    @Test
    public void everyLossIsDeclared() {
        Set<Class<?>> missing = new LinkedHashSet<>(Catalogue.losses());
        missing.removeAll(Declarations.byClass().keySet());
        String lines =
                missing.stream()
                        .map(
                                type ->
                                        "declare("
                                                + type.getSimpleName()
                                                + ".class, Kind."
                                                + (ElementwiseLoss.class.isAssignableFrom(type)
                                                        ? Kind.NUMBERS
                                                        : Kind.CLASS_LOGITS)
                                                + "); // or another Kind")
                        .collect(Collectors.joining("\n"));
        assertEquals(lines, "", "lines that Declarations lacks");
        Set<Class<?>> strange = new LinkedHashSet<>(Declarations.byClass().keySet());
        strange.removeAll(Catalogue.losses());
        assertEquals(strange.toString(), "[]", "declared, but no public loss");
    }

    /** What is said of rows and options that there are not is of no use. */
    @Test
    public void exceptionsAreNotForgotten() {
        for (Declaration declaration : Declarations.all()) {
            List<GoldenRow> rows = GoldenRow.of(declaration.type());
            for (String row : declaration.otherDerivatives().keySet()) {
                assertTrue(
                        rows.stream().anyMatch(golden -> golden.id().startsWith(row)),
                        declaration + " has no golden row " + row);
            }
            Set<String> options = new TreeSet<>(declaration.optionsWithoutRows().keySet());
            options.addAll(declaration.infiniteOptions().keySet());
            if (!options.isEmpty()) {
                Catalogue.ownOptions(declaration.type())
                        .forEach(option -> options.remove(Catalogue.option(option)));
            }
            assertEquals(options.toString(), "[]", declaration + " has no such options");
        }
    }

    /** Inputs of a kind are good inputs: every loss of the kind takes them. */
    @Test
    public void everyLossTakesTheInputsOfItsKind() {
        for (Declaration declaration : Declarations.all()) {
            Kind kind = declaration.kind();
            long[] dims = kind.extent().tiny();
            Inputs<Numbers> inputs = kind.inputs(new SeededDraw(3), dims);
            GoldenRow row =
                    GoldenRow.of(
                            inputs.labels().stream().map(Data::of).toList(),
                            inputs.predictions().stream().map(Data::of).toList());
            for (String engine : Outcome.engines()) {
                Loss loss;
                try (NDManager manager = Place.manager(engine)) {
                    loss =
                            declaration.isMade()
                                    ? new Subject(declaration.type(), row).build(manager)
                                    : Declaration.build(
                                            Objects.requireNonNull(declaration.benchmarks().get(""))
                                                    .apply(dims));
                    NDList labels = Data.arrays(row.labels(), manager, DataType.FLOAT32);
                    NDList predictions = Data.arrays(row.predictions(), manager, DataType.FLOAT32);
                    double[] values = Nd.toDoubles(loss.evaluate(labels, predictions));
                    assertTrue(
                            values.length > 0 && Arrays.stream(values).allMatch(Double::isFinite),
                            declaration + " of " + kind + ": " + Arrays.toString(values));
                }
            }
        }
    }

    @Test(dataProvider = "losses")
    public void theJavadocTellsTheFormula(Class<? extends Loss> loss) throws IOException {
        Path source = SOURCES.resolve(loss.getName().replace('.', '/') + ".java");
        String text = Files.readString(source);
        int declaration = text.indexOf("\npublic final class " + loss.getSimpleName());
        assertTrue(declaration > 0, source + " declares no public final class of its name");
        String comment = text.substring(text.indexOf("/**"), declaration);
        int formula = comment.indexOf("<pre>{@code");
        int shapes = comment.indexOf("<h2>");
        if (formula < 0 || (shapes >= 0 && formula > shapes)) {
            fail(source + " shows no formula in <pre>{@code before its first heading");
        }
        String block = comment.substring(formula, comment.indexOf("}</pre>", formula));
        assertTrue(block.contains("="), source + " shows no equation:\n" + block);
        if (!Declarations.of(loss).has(Trait.NO_ROWS)) {
            for (String part :
                    new String[] {"labels: [", "predictions: [", "Equivalent to", "Example"}) {
                boolean isInherited =
                        comment.contains("every {@link ElementwiseLoss}")
                                && ElementwiseLoss.class.isAssignableFrom(loss)
                                && !part.equals("Equivalent to");
                assertTrue(isInherited || comment.contains(part), source + " lacks '" + part + "'");
            }
        }
    }

    @Test
    public void noFileIsLeftOut() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<String> sources =
                    files.map(path -> path.getFileName().toString())
                            .filter(file -> file.matches(".*(Loss|Logits|Regularization)\\.java"))
                            .map(file -> file.replace(".java", ""))
                            .toList();
            Set<String> found =
                    Catalogue.losses().stream()
                            .map(Class::getSimpleName)
                            .collect(Collectors.toSet());
            Set<String> blocks =
                    WITHOUT_LOSS.keySet().stream()
                            .map(Class::getSimpleName)
                            .collect(Collectors.toSet());
            for (String source : sources) {
                assertTrue(
                        found.contains(source) || blocks.contains(source),
                        source + " is no public loss");
            }
        }
    }
}
