/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.loss.Loss;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;

import org.testng.annotations.DataProvider;
import org.testng.annotations.Test;

import java.util.stream.Stream;

/** The rules of design that a compiler cannot check. */
public class ArchitectureTest {

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("io.djlosses");

    /** The packages that the catalogue stands on. */
    private static final String[] BASE = {
        "io.djlosses.api..",
        "io.djlosses.nd..",
        "io.djlosses.check..",
        "io.djlosses.internal.core..",
        "io.djlosses.internal.array..",
        "io.djlosses.internal.fast..",
        "io.djlosses.internal.symbolic.."
    };

    private static final String[] BASE_AND_BELOW =
            Stream.concat(Stream.of(BASE), Stream.of("ai.djl..", "java..", "org.jspecify.."))
                    .toArray(String[]::new);

    @DataProvider
    public Object[][] rules() {
        return new Object[][] {
            rule(
                    noClasses()
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage("ai.djl.pytorch..", "ai.djl.mxnet..")
                            .because("a loss runs on every engine")),
            rule(
                    fields().that()
                            .areDeclaredInClassesThat()
                            .areAssignableTo(Loss.class)
                            .should()
                            .beFinal()
                            .because("the threads of a trainer share a loss")),
            rule(
                    noFields()
                            .that()
                            .areDeclaredInClassesThat()
                            .areAssignableTo(Loss.class)
                            .should()
                            .haveRawType(assignableTo(NDArray.class))
                            .orShould()
                            .haveRawType(assignableTo(NDList.class))
                            .orShould()
                            .haveRawType(assignableTo(NDManager.class))
                            .orShould()
                            .haveRawType(Device.class)
                            .because("a loss works on whatever device its arguments are")),
            rule(
                    classes()
                            .that()
                            .areAssignableTo(Loss.class)
                            .and()
                            .arePublic()
                            .and()
                            .doNotHaveModifier(JavaModifier.ABSTRACT)
                            .should()
                            .haveModifier(JavaModifier.FINAL)
                            .because("who extends a loss extends a base class")),
            rule(
                    slices().matching("io.djlosses.(**)")
                            .should()
                            .beFreeOfCycles()
                            .because("a package is understood with those below it alone")),
            rule(
                    noClasses()
                            .that()
                            .resideOutsideOfPackages(BASE)
                            .should()
                            .dependOnClassesThat()
                            .resideInAPackage("io.djlosses.internal.symbolic..")
                            .because("what serves one engine can go without touching a loss")),
            rule(
                    noClasses()
                            .that()
                            .resideInAnyPackage(BASE)
                            .should()
                            .dependOnClassesThat()
                            .resideOutsideOfPackages(BASE_AND_BELOW)
                            .because("the catalogue stands on the API, never the reverse")),
        };
    }

    @Test(dataProvider = "rules")
    public void classesKeepTheRule(ArchRule rule) {
        rule.check(CLASSES);
    }

    private static Object[] rule(ArchRule rule) {
        return new Object[] {rule.allowEmptyShould(true)};
    }
}
